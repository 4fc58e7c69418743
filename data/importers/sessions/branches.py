"""The tree of a session: its lines name the line before them, and a user who goes back starts a branch.

What stood on an abandoned branch is no part of what was asked later. Tools that ran side by side branch too, and their
results stay: all of them were given to the model.
"""

from dataclasses import dataclass
from typing import Any

from tierwise.data.importers.sessions.agent_session import AgentSession


@dataclass(frozen=True, slots=True)
class _Heard:
    """A message, and everything that was heard before it."""

    message: dict[str, Any]
    before: "_Heard | None"
    number: int


class Branches:
    """Where the conversation stood after each line."""

    def __init__(self) -> None:
        self._after: dict[str, _Heard | None] = {}
        self._waiting: list[str] = []  # lines of an answer that is still being read
        self._last: _Heard | None = None

    def note(self, session: AgentSession, line_id: object) -> None:
        """The line is taken: what it said stands in the session."""
        if isinstance(line_id, str) and line_id:
            self._waiting.append(line_id)
        if session.open_call is None:
            self._settle(session)

    def go_to(self, session: AgentSession, parent_id: object) -> None:
        """The next words follow the line ``parent_id``; None begins anew, and an unknown line is taken for the last."""
        self.close(session)
        if parent_id is None:
            session.forget()
            self._settle(session)
            return
        stood = self._after.get(str(parent_id), self._last)
        if stood is self._last:
            return
        kept = _path(stood)
        asked = {call["id"] for message in kept for call in message.get("tool_calls") or ()}
        asked -= {message["tool_call_id"] for message in kept if message["role"] == "tool"}
        session.messages = kept + [each for each in session.messages if each.get("tool_call_id") in asked]
        self._last = stood
        self._settle(session)

    def close(self, session: AgentSession) -> None:
        """The answer that is being read is whole."""
        session.close()
        self._settle(session)

    def _settle(self, session: AgentSession) -> None:
        n_heard = 0 if self._last is None else self._last.number
        if n_heard > len(session.messages):  # the conversation was compacted
            self._last, n_heard = None, 0
        for message in session.messages[n_heard:]:
            self._last = _Heard(message, self._last, n_heard := n_heard + 1)
        self._after |= dict.fromkeys(self._waiting, self._last)
        self._waiting = []


def _path(heard: _Heard | None) -> list[dict[str, Any]]:
    messages = []
    while heard is not None:
        messages.append(heard.message)
        heard = heard.before
    return messages[::-1]
