"""Reading the decision log for people: opened when first needed, answers kept for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tierwise.data.decision_log import DecisionLog


MAX_ANSWERS = 200

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class _Answer:
    """An answer in the making or made; ``expires`` on the monotonic clock."""

    expires: float = 0.0
    value: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class LogReader:
    """Asks views of the log. Several people who look at the same page share one answer for ``keep_seconds``."""

    def __init__(self, open_log: Callable[[], DecisionLog], keep_seconds: float) -> None:
        self._open_log = open_log
        self._keep_seconds = keep_seconds
        self._log: DecisionLog | None = None
        self._answers: dict[object, _Answer] = {}
        self._lock = threading.Lock()

    def ask(self, view: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of ``view``, at most ``keep_seconds`` old. Raises ``LogError`` when the log cannot be read."""
        answer = self._answer((view, args, tuple(sorted(kwargs.items()))))
        with answer.lock:
            if time.monotonic() >= answer.expires:
                answer.value = self.ask_anew(view, *args, **kwargs)
                answer.expires = time.monotonic() + self._keep_seconds
            value: T = answer.value
            return value

    def ask_anew(self, view: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of ``view`` as it is now."""
        return self._opened().ask(lambda connection: partial(view, connection)(*args, **kwargs))

    @property
    def log(self) -> DecisionLog:
        return self._opened()

    def close(self) -> None:
        with self._lock:
            if self._log is not None:
                self._log.close()
                self._log = None

    def _opened(self) -> DecisionLog:
        with self._lock:
            if self._log is None:
                self._log = self._open_log()
            return self._log

    def _answer(self, key: object) -> _Answer:
        with self._lock:
            if len(self._answers) >= MAX_ANSWERS:
                self._answers.clear()
            return self._answers.setdefault(key, _Answer())
