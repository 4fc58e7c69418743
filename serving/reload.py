"""SIGHUP means: look for a new bundle now."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tierwise.serving.source import Watcher


@contextmanager
def reload_on_hangup(watcher: Watcher) -> Iterator[None]:
    """Wakes ``watcher`` on SIGHUP while the context lasts; where signals cannot be had, does nothing."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGHUP, watcher.wake)
    except (AttributeError, NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
