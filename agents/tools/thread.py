"""Calling what blocks: a call that never returns keeps nobody waiting, not even the end of the process."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


async def in_thread(function: Callable[[], _T]) -> _T:
    """The result of ``function``, run on a daemon thread of its own. Giving up on it leaves the thread to itself.

    A pool would run out of threads after some calls that hang, and would wait for them when the loop is closed.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Callable[[], _T]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(outcome: Callable[[], _T]) -> None:
        if not done.done():
            done.set_result(outcome)

    def work() -> None:
        outcome = _outcome_of(lambda: context.run(function))
        with suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name="tierwise-tool", daemon=True).start()
    return (await done)()


def _outcome_of(function: Callable[[], _T]) -> Callable[[], _T]:
    """What ``function`` returned or raised, for whoever waits for it; a tool that exits ends its call, not the task."""
    try:
        value = function()
    except Exception as error:
        raised = error
    except BaseException as error:
        raised = RuntimeError(f"it raised {type(error).__name__}")
    else:
        return lambda: value

    def fail() -> _T:
        raise raised

    return fail
