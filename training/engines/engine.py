"""The engine protocol: one way to run a function over many items, wherever that happens to be."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from tierwise.data.errors import TierwiseError

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")


class EngineError(TierwiseError):
    """An engine that cannot be reached, or that lost its workers for good."""


class Engine(Protocol):
    """Runs pure functions that a module defines; what goes in and comes out can be pickled."""

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        """``function(shared, item)`` for every item, in the order of the items. Exceptions come out as they are."""

    def close(self) -> None:
        """Lets go of the workers: those of a cluster stay, processes that this one started end."""
