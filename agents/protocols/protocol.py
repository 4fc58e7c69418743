"""What a protocol can do for whoever calls models or is called for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tierwise.agents.protocols.canonical import Completion, Request, ToolCall
from tierwise.agents.protocols.events import Assembly, Event, events_of


@dataclass(frozen=True, slots=True)
class Frame:
    """What an answer repeats besides what was said. ``created`` is in seconds since the epoch, ``asked`` the caller's
    own body."""

    answer_id: str
    created: int
    model: str
    asked: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error as a caller is told it, whatever the protocol."""

    status: int
    message: str
    code: str
    field: str | None = None


class Reader(Protocol):
    """Reads the events of one stream."""

    def read(self, event: Mapping[str, Any]) -> list[Event]:
        """The canonical events that a provider's event brings; none for what is not of the usual form."""


class Writer(Protocol):
    """Writes one stream, as the bytes of server-sent events."""

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for ``events``, which begin with ``Began`` and keep one part open at a time."""

    def end(self) -> bytes:
        """The last bytes, after ``Ended`` and ``Used``."""


class Draft(Protocol):
    """An answer that is put together from a provider's events as they pass by."""

    @property
    def is_finished(self) -> bool:
        """Whether the provider has said why the answer ended."""

    @property
    def has_begun(self) -> bool:
        """Whether there is anything of an answer."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Takes in one event; what is not of the usual form is passed over."""

    def completion(self) -> Completion:
        """What there is so far."""


class WireProtocol(Protocol):
    """One protocol. ``path`` follows a model's ``base_url``; the ids of answers begin with ``id_prefix``."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def id_prefix(self) -> str: ...

    @property
    def keeps_answers(self) -> bool:
        """Whether its providers keep answers for later calls."""

    def headers(self, key: str | None) -> dict[str, str]:
        """The headers that prove who calls."""

    def check(self, body: Mapping[str, Any]) -> None:
        """Raises ``RecordError`` for a body that is no call of this protocol at all."""

    def answered_call(self, body: Mapping[str, Any]) -> str | None:
        """The id of the tool call whose result ends the conversation; None where it ends otherwise."""

    def has_sealed_thought(self, body: Mapping[str, Any]) -> bool:
        """Whether the model's last turn holds thought that only its own provider can check."""

    def step_fields(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """``messages``, ``tools`` and ``response_schema`` as ``POST /route`` has them. What cannot be read is left
        out, as the provider may know it. Raises ``RecordError`` where that is not possible."""

    def needs(self, body: Mapping[str, Any]) -> frozenset[str]:
        """The capabilities that a model needs to answer: tools, json, vision, audio, files."""

    def response_schema(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The JSON schema that the answer must have, None when none is asked for."""

    def parameters(self, body: Mapping[str, Any], call: ToolCall) -> Mapping[str, Any] | None:
        """The schema of the arguments of ``call``; None for a tool that the request does not have."""

    def max_output_tokens(self, body: Mapping[str, Any]) -> int | None:
        """The longest answer that the caller wants."""

    def for_model(self, body: Mapping[str, Any], model: str) -> dict[str, Any]:
        """``body`` for a provider of this protocol: under its name of the model, its usage asked for, and without
        thought that other providers thought."""

    def read_request(self, body: Mapping[str, Any], target: str) -> Request: ...

    def write_request(self, request: Request) -> dict[str, Any]: ...

    def read_answer(self, body: Mapping[str, Any]) -> Completion: ...

    def write_answer(self, completion: Completion, frame: Frame) -> dict[str, Any]: ...

    def is_answer(self, body: Mapping[str, Any]) -> bool:
        """Whether a provider's body is an answer at all."""

    def reader(self) -> Reader: ...

    def writer(self, frame: Frame) -> Writer: ...

    def draft(self) -> Draft: ...

    def wire(self, data: bytes, event: Mapping[str, Any] | None) -> bytes:
        """One event as it goes over the wire, from its data and what that says."""

    def streamed(self, body: Mapping[str, Any], completion: Completion, frame: Frame) -> bytes:
        """A whole answer of this protocol as the stream that it would have been, but for ``ending``. ``completion`` is
        what ``body`` says."""

    @property
    def ending(self) -> bytes:
        """What a provider's stream ends with beyond its events."""

    def has_begun(self, event: Mapping[str, Any]) -> bool:
        """Whether an event shows that an answer has begun."""

    def has_content(self, event: Mapping[str, Any]) -> bool:
        """Whether an event brings anything that a caller should not wait for."""

    def has_only_usage(self, event: Mapping[str, Any]) -> bool:
        """Whether an event tells nothing but tokens, which came because we asked."""

    def failure(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The body of the error that an event of a stream tells of."""

    def error_body(self, trouble: Trouble) -> dict[str, Any]: ...

    def broken_off(self, body: Mapping[str, Any], frame: Frame) -> bytes:
        """The end of a stream that the provider broke off; ``body`` is an error in this protocol's form."""


def written_stream(completion: Completion, writer: Writer) -> bytes:
    """A whole answer as ``writer`` writes it in pieces."""
    return writer.write(events_of(completion)) + writer.end()


class Watched:
    """A ``Draft`` for protocols that have no quicker one."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._assembly = Assembly()

    @property
    def is_finished(self) -> bool:
        return self._assembly.is_finished

    @property
    def has_begun(self) -> bool:
        return self._assembly.has_begun

    def add(self, event: Mapping[str, Any]) -> None:
        self._assembly.add(self._reader.read(event))

    def completion(self) -> Completion:
        return self._assembly.completion()
