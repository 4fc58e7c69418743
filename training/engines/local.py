"""The local engine: one item after the other in this process. LightGBM and the encoder use its cores themselves."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")


class LocalEngine:
    """Needs nothing and starts nothing."""

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        """One result at a time, made when it is asked for."""
        return (function(shared, item) for item in items)

    def close(self) -> None:
        return None
