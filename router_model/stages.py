"""The stages of a decision by name, so that whoever serves can see where its time goes; by default nobody looks."""

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Stage(Protocol):
    """Runs ``work`` as the stage ``name`` and returns what it returns."""

    def __call__(self, name: str, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T: ...


def unobserved(_name: str, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Just the work."""
    return work(*args, **kwargs)
