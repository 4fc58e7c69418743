"""The conversation of a coding agent as its own log tells it: every answer of a model becomes a call with its prefix.

Such logs hold one event after the other. A call's prompt is what was said before it; what the agent's program adds
without writing it down (most keep their system prompt to themselves) is not in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.importers.errors import UNREADABLE, why
from tierwise.data.importers.reading.call import FoundCall
from tierwise.data.importers.reading.parameters import CallParameters
from tierwise.data.importers.reading.records import Answer, Labels, Record, ToolCall
from tierwise.data.replies.finish import finish_reason
from tierwise.data.replies.usage import Usage
from tierwise.data.step_log import Malformed


@dataclass(slots=True, kw_only=True)
class AgentCall:
    """One answer of a model while it is being read; ``messages`` is its prompt. Times in seconds since 1970;
    ``finish`` is why it ended, in the provider's words; ``is_estimate``: tokens and cost are shares of a run's."""

    source_id: str
    messages: list[dict[str, Any]]
    model: object
    content: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    finish: object = None
    cost_usd: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    parameters: CallParameters = field(default_factory=CallParameters)
    is_estimate: bool = False

    def asks_for(self, call_id: object, name: object, arguments: str) -> None:
        """A tool that the answer calls; ``arguments`` is JSON text."""
        function = {"name": str(name or ""), "arguments": arguments}
        self.tool_calls.append({"id": str(call_id or ""), "type": "function", "function": function})

    def says(self, text: object) -> None:
        if isinstance(text, str) and text:
            self.content = f"{self.content}\n{text}" if self.content else text

    def message(self) -> dict[str, Any]:
        """The answer as a message of the next prompt."""
        calls = {"tool_calls": list(self.tool_calls)} if self.tool_calls else {}
        return {"role": "assistant", "content": self.content, **calls}


@dataclass(slots=True)
class AgentSession:
    """What was said so far, and the calls that it came from. The open call takes text and tool calls until another
    voice is heard. ``model_at`` is where the log names the models."""

    session_id: str
    agent: str
    path: str
    model_at: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    calls: list[AgentCall] = field(default_factory=list)
    parameters: CallParameters = field(default_factory=CallParameters)
    _open: AgentCall | None = None

    def hear(self, role: str, content: object, **extra: object) -> None:
        """A message that is no model's."""
        self.close()
        self.messages.append({"role": role, "content": content if isinstance(content, str) else "", **extra})

    def hear_result(self, call_id: object, content: object, is_error: bool = False) -> None:
        """What a tool gave back."""
        self.hear("tool", content, tool_call_id=str(call_id or ""), **({"is_error": True} if is_error else {}))

    def hear_instructions(self, raw: object) -> None:
        """A system prompt, where the log holds one: a text, or an object with a text."""
        text = raw.get("text") if isinstance(raw, Mapping) else raw
        if isinstance(text, str) and text:
            self.hear("system", text)

    def answering(self, source_id: str, model: object, at: float | None = None) -> AgentCall:
        """The call that the next words belong to: the open one, where ``source_id`` is the same."""
        if self._open is None or self._open.source_id != source_id:
            self.close()
            said, how = list(self.messages), self.parameters
            self._open = AgentCall(source_id=source_id, messages=said, model=model, started_at=at, parameters=how)
            self.calls.append(self._open)
        return self._open

    @property
    def open_call(self) -> AgentCall | None:
        return self._open

    def close(self) -> None:
        """The open answer becomes part of what was said."""
        if self._open is not None:
            self.messages.append(self._open.message())
            self._open = None

    def forget(self) -> None:
        """The agent's program compacted its conversation: what follows was asked without it."""
        self.close()
        self.messages = []

    def records(self) -> Iterator[Record]:
        """All calls, checked."""
        self.close()
        for number, call in enumerate(self.calls, start=1):
            try:
                yield self._found(call).checked()
            except UNREADABLE as error:
                yield Malformed(self.path, number, why(error), call.source_id)

    def _found(self, call: AgentCall) -> FoundCall:
        tools = tuple(ToolCall(each["function"]["name"], each["function"]["arguments"]) for each in call.tool_calls)
        return FoundCall(
            source_id=call.source_id,
            messages=call.messages,
            model=call.model,
            labels=Labels(agent=self.agent, task_id=self.session_id, session_id=self.session_id),
            tools=self.tools,
            usage=call.usage,
            cost_usd=call.cost_usd,
            is_estimate=call.is_estimate,
            model_at=self.model_at,
            started_at=call.started_at,
            ended_at=call.ended_at,
            trace_id=self.session_id,
            answer=Answer(call.content or None, tools, finish_reason(call.finish)),
            error=call.error,
            parameters=call.parameters,
            problem="nothing stands before it; is the beginning of the session in the file?",
        )


def texts_of(content: object) -> str:
    """The texts of a message's parts, joined by line ends; pictures and thoughts are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
    return "\n".join(text for text in texts if isinstance(text, str))
