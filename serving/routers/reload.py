"""SIGHUP means: look for a new bundle now."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def reload_on_hangup(look: Callable[[], None]) -> Iterator[None]:
    """Calls ``look`` on SIGHUP while the context lasts; where signals cannot be had, does nothing."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGHUP, look)
    except (AttributeError, NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
