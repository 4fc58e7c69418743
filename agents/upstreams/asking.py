"""Asking one model for one answer, whatever protocol the caller and the model speak.

``ask`` brings a whole answer, ``ask_for_stream`` one that comes in pieces; both in the caller's protocol. Same-protocol
calls pass through as they came; others are translated there and back.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from tierwise.agents.protocols import Completion, Frame, WireProtocol
from tierwise.agents.protocols.canonical import Message, Request
from tierwise.agents.protocols.parameters import with_parameters
from tierwise.agents.protocols.tools import restored
from tierwise.agents.upstreams.answer_stream import AnswerStream, Relayed, Streamed, Translated
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError, Trouble, unreadable_is_trouble
from tierwise.agents.upstreams.lessons import OPTIONAL_WHEN_TRANSLATED, refused_option, without
from tierwise.agents.upstreams.logprobs import LOGPROBS, can_ask_logprobs, logprobs_of, without_logprobs
from tierwise.agents.upstreams.transport import EventStream, Posted, Transport
from tierwise.data.errors import RecordError
from tierwise.data.foreign.limits import MAX_ANSWER_PARTS
from tierwise.data.records import Logprobs

_LOG = logging.getLogger(__name__)
_ADDED_TO_STREAMS = frozenset({"stream_options"})
MAX_BYTES_AT_ONCE = 100_000  # longer answers are read beside the event loop
_NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True)
class Asked:
    """A call in its caller's words, for any model. ``answer_id`` and ``created`` name the answers that are written
    here; ``headers`` go to providers of the same protocol; ``shows_usage`` tells it to callers that did not ask.
    ``optional_tools`` are kinds of tools that may be left out where the model's protocol has none of that kind.
    ``seconds`` bound the reading of a whole answer. ``asks_logprobs`` asks for token log-probabilities too where the
    model's protocol has them and the caller left them out; they are taken out of the answer again."""

    protocol: WireProtocol
    body: Mapping[str, Any]
    answer_id: str = "answer"
    created: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    shows_usage: bool = False
    optional_tools: frozenset[str] = frozenset()
    seconds: float = float("inf")
    asks_logprobs: bool = False
    _requests: dict[str, Request] = field(default_factory=dict)
    _bodies: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def wants_usage(self) -> bool:
        options = self.body.get("stream_options")
        return self.shows_usage or (isinstance(options, Mapping) and bool(options.get("include_usage")))

    def request(self, target: str) -> Request:
        """In canonical words. Raises ``RecordError`` naming what cannot be said to ``target``."""
        found = self._requests.get(target)
        if found is None:
            found = self._requests[target] = self._read(target)
        return found

    def _read(self, target: str) -> Request:
        try:
            return self.protocol.read_request(self._translatable(), target)
        except RecordError:
            raise
        except Exception as error:  # a body can be odd in more ways than anybody lists
            problem = f"cannot be said to a model that speaks '{target}' ({type(error).__name__})"
            raise RecordError("body", problem) from error

    def _translatable(self) -> Mapping[str, Any]:
        tools = self.body.get("tools")
        if not self.optional_tools or not isinstance(tools, list):
            return self.body
        kept = [tool for tool in tools if not isinstance(tool, Mapping) or tool.get("type") not in self.optional_tools]
        return {**self.body, "tools": kept}

    def body_for(self, endpoint: Endpoint) -> dict[str, Any]:
        """The body that ``endpoint`` gets. Raises ``RecordError`` naming what cannot be said to it."""
        model, spoken = endpoint.model, endpoint.protocol_for(self.protocol)
        body = self.body if spoken is self.protocol else self._written(spoken)
        sent = spoken.for_model(body, model.provider_name or model.name)
        return with_parameters(sent, model, spoken.name) if model.parameters else sent

    def _written(self, spoken: WireProtocol) -> dict[str, Any]:
        found = self._bodies.get(spoken.name)
        if found is None:
            found = self._bodies[spoken.name] = spoken.write_request(self.request(spoken.name))
        return found

    def frame(self, endpoint: Endpoint) -> Frame:
        return Frame(self.answer_id, self.created, endpoint.model.name, self.body)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: as ``body`` in the caller's protocol, and as what it says."""

    endpoint: Endpoint
    body: dict[str, Any]
    completion: Completion
    headers: Mapping[str, str]
    logprobs: Logprobs | None = None


async def ask(transport: Transport, endpoint: Endpoint, asked: Asked) -> Answered:
    """Raises ``ProviderError``, and ``RecordError`` for what cannot be said to the model."""
    spoken = endpoint.protocol_for(asked.protocol)
    body = asked.body_for(endpoint)
    optional = _NOTHING if spoken is asked.protocol else OPTIONAL_WHEN_TRANSLATED
    is_ours = asked.asks_logprobs and can_ask_logprobs(spoken, body)
    if is_ours:
        body, optional = {**body, LOGPROBS: True}, optional | {LOGPROBS}

    async def post(sent: Mapping[str, Any]) -> Posted:
        headers = asked.headers if spoken is asked.protocol else {}
        return await transport.post(endpoint, spoken, sent, headers, asked.seconds)

    posted = await _insisting(post, endpoint, body, optional)
    if posted.n_bytes > MAX_BYTES_AT_ONCE:
        return await asyncio.to_thread(_read, posted, endpoint, asked, is_ours)
    return _read(posted, endpoint, asked, is_ours)


def _read(posted: Posted, endpoint: Endpoint, asked: Asked, is_ours: bool) -> Answered:
    """What came, in the caller's protocol. Raises ``ProviderError``."""
    spoken = endpoint.protocol_for(asked.protocol)
    with unreadable_is_trouble(endpoint.model.name):
        completion = spoken.read_answer(posted.body)
        if sum(len(message.parts) for message in completion.messages) > MAX_ANSWER_PARTS:
            text = f"model '{endpoint.model.name}' answered with more than {MAX_ANSWER_PARTS} parts"
            raise ProviderError(Trouble.NONSENSE, text, int(HTTPStatus.BAD_GATEWAY), code="answer_too_large")
        logprobs = logprobs_of(posted.body) if asked.asks_logprobs else None
        if spoken is asked.protocol:
            shown = without_logprobs(posted.body) if is_ours else posted.body
            return Answered(endpoint, shown, completion, posted.headers, logprobs)
        completion = _in_callers_tools(completion, asked.request(spoken.name))
        written = asked.protocol.write_answer(completion, asked.frame(endpoint))
        return Answered(endpoint, written, completion, posted.headers, logprobs)


async def ask_for_stream(transport: Transport, endpoint: Endpoint, asked: Asked) -> AnswerStream:
    """A stream whose first content is at hand. Raises as ``ask`` does, as long as there is none."""
    spoken = endpoint.protocol_for(asked.protocol)
    body = asked.body_for(endpoint)

    async def post(sent: Mapping[str, Any]) -> EventStream:
        return await transport.open(endpoint, spoken, sent, asked.headers if spoken is asked.protocol else {})

    if spoken is not asked.protocol:
        optional = OPTIONAL_WHEN_TRANSLATED
    else:
        optional = _NOTHING if asked.body.get("stream_options") else _ADDED_TO_STREAMS
    events = await _insisting(post, endpoint, body, optional)
    if events.whole is not None:
        return await _streamed(events, events.whole, endpoint, asked)
    if spoken is asked.protocol:
        return Relayed(events, endpoint, asked.protocol, asked.wants_usage)
    return Translated(events, endpoint, spoken, asked.protocol, asked.frame(endpoint), asked.request(spoken.name).tools)


async def _streamed(events: EventStream, posted: Posted, endpoint: Endpoint, asked: Asked) -> AnswerStream:
    """The answer of a model that takes no notice of ``stream``, in pieces all the same."""
    await events.aclose()
    if endpoint.lessons.is_news("whole"):
        _LOG.warning(
            "model '%s' was asked for a stream and answers in one piece; callers get it as one", endpoint.model.name
        )
    if posted.n_bytes > MAX_BYTES_AT_ONCE:
        return await asyncio.to_thread(_in_pieces, posted, endpoint, asked)
    return _in_pieces(posted, endpoint, asked)


def _in_pieces(posted: Posted, endpoint: Endpoint, asked: Asked) -> Streamed:
    answered = _read(posted, endpoint, asked, is_ours=False)
    frame, said = asked.frame(endpoint), answered.completion
    if endpoint.protocol_for(asked.protocol) is asked.protocol:  # the provider's own names, as where it passes through
        frame = replace(frame, answer_id=said.answer_id or frame.answer_id, model=said.model or frame.model)
    if asked.wants_usage:
        frame = replace(frame, asked={**asked.body, "stream_options": {"include_usage": True}})
    with unreadable_is_trouble(endpoint.model.name):
        content = asked.protocol.streamed(answered.body, said, frame)
        return Streamed(content, asked.protocol.ending, said, answered.headers)


async def _insisting(post: Any, endpoint: Endpoint, body: Mapping[str, Any], optional: frozenset[str]) -> Any:
    """Posts, and posts again without what the model refuses and the caller did not insist on. It is not sent again."""
    sent = endpoint.lessons.fitted(body, optional) if optional else body
    dropped: list[str] = []
    while True:
        try:
            posted = await post(sent)
        except ProviderError as error:
            name = refused_option(error, sent, optional) if optional else None
            if name is None or name in dropped:
                raise
            dropped.append(name)
            sent = without(sent, name)
        else:
            for name in dropped:
                endpoint.lessons.note_refused(name)
            return posted


def _in_callers_tools(completion: Completion, request: Request) -> Completion:
    messages = tuple(
        Message(tuple(restored(part, request.tools) for part in each.parts), each.finish, each.finish_reason)
        for each in completion.messages
    )
    return Completion(messages, completion.usage, completion.model, completion.answer_id)
