"""Work side by side that ends together."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")


async def all_or_none(work: Sequence[Coroutine[Any, Any, _T]]) -> list[_T]:
    """The results of all. Where one raises, or the caller gives up, no other goes on and spends."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
