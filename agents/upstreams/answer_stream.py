"""An answer that comes in pieces, on its way to the caller: as it came, or translated event by event."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from tierwise.agents.protocols import Completion, Frame, WireProtocol
from tierwise.agents.protocols.canonical import ToolCall, ToolSpec
from tierwise.agents.protocols.events import Assembly, Closed, Event, Grown, Opened
from tierwise.agents.protocols.tools import flat_name, restored
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import unreadable_is_trouble
from tierwise.agents.upstreams.transport import EventStream, broke_off, decoded


class AnswerStream(Protocol):
    """Pieces in the caller's protocol. When they are through, ``completion`` is the whole answer."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the provider's headers that are for the caller."""

    @property
    def is_finished(self) -> bool:
        """Whether the model has said why its answer ended; a piece or two may follow."""

    def pieces(self) -> AsyncIterator[bytes]:
        """Whole server-sent events but for the end. Raises ``ProviderError`` where the provider breaks off."""

    def end(self) -> bytes:
        """What follows the last piece of an answer that is complete."""

    def completion(self) -> Completion:
        """What there is so far."""

    async def aclose(self) -> None: ...


class Relayed:
    """Events as they came, but for a last one with nothing but usage that the caller did not ask for."""

    def __init__(self, events: EventStream, endpoint: Endpoint, protocol: WireProtocol, wants_usage: bool) -> None:
        self._events = events
        self._endpoint = endpoint
        self._protocol = protocol
        self._draft = protocol.draft()
        self._wants_usage = wants_usage
        self.headers = events.headers

    @property
    def is_finished(self) -> bool:
        return self._draft.is_finished

    async def pieces(self) -> AsyncIterator[bytes]:
        events, protocol, draft = self._events, self._protocol, self._draft
        async for data in events.events():
            chunk = decoded(data)
            events.raise_error_in(data, chunk)
            if not isinstance(chunk, dict):
                yield protocol.wire(data, None)
                continue
            with unreadable_is_trouble(self._endpoint.model.name):
                draft.add(chunk)
                is_shown = self._wants_usage or not protocol.has_only_usage(chunk)
            if is_shown:
                yield protocol.wire(data, chunk)
        # Every choice said why it ended; or the provider said that all is through, as some only do.
        if not draft.is_finished and not (events.is_done and draft.has_begun):
            raise broke_off(self._endpoint)

    def end(self) -> bytes:
        return self._protocol.ending

    def completion(self) -> Completion:
        return self._draft.completion()

    async def aclose(self) -> None:
        await self._events.aclose()


class Streamed:
    """An answer that came in one piece, as the stream that the caller wants."""

    is_finished = True

    def __init__(self, content: bytes, ending: bytes, completion: Completion, headers: Mapping[str, str]) -> None:
        self._content = content
        self._ending = ending
        self._completion = completion
        self.headers = headers

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self._content

    def end(self) -> bytes:
        return self._ending

    def completion(self) -> Completion:
        return self._completion

    async def aclose(self) -> None:
        pass


class Translated:
    """Events of the model's protocol, as those of the caller's. ``tools`` are the caller's."""

    def __init__(
        self,
        events: EventStream,
        endpoint: Endpoint,
        spoken: WireProtocol,
        wanted: WireProtocol,
        frame: Frame,
        tools: Sequence[ToolSpec],
    ) -> None:
        self._events = events
        self._endpoint = endpoint
        self._reader = spoken.reader()
        self._writer = wanted.writer(frame)
        self._assembly = Assembly()
        self._tools = {flat_name(each.name, each.namespace): each for each in tools if each.is_free or each.namespace}
        self._held: ToolCall | None = None
        self.headers = events.headers

    @property
    def is_finished(self) -> bool:
        return self._assembly.is_finished

    async def pieces(self) -> AsyncIterator[bytes]:
        async for data in self._events.events():
            chunk = decoded(data)
            self._events.raise_error_in(data, chunk)
            if not isinstance(chunk, dict):
                continue
            with unreadable_is_trouble(self._endpoint.model.name):
                found = self._in_callers_tools(self._reader.read(chunk))
                self._assembly.add(found)
                written = self._writer.write(found)
            if written:
                yield written
        if not self._assembly.is_finished:
            raise broke_off(self._endpoint)

    def end(self) -> bytes:
        return self._writer.end()

    def completion(self) -> Completion:
        return self._assembly.completion()

    async def aclose(self) -> None:
        await self._events.aclose()

    def _in_callers_tools(self, events: list[Event]) -> list[Event]:
        return [told for event in events for told in self._restored(event)] if self._tools else events

    def _restored(self, event: Event) -> list[Event]:
        """A call of a tool that only the caller's protocol has; of a free one the text, when it is complete."""
        match event:
            case Opened(ToolCall() as call) if call.name in self._tools:
                tool = self._tools[call.name]
                found = ToolCall(tool.name, "", call.call_id, tool.is_free, tool.namespace)
                self._held = found if tool.is_free else None
                return [Opened(found)]
            case Grown() if self._held is not None:
                return []
            case Closed(ToolCall() as call) if call.name in self._tools:
                part = restored(call, [self._tools[call.name]])
                said = [Grown(part.arguments)] if self._held is not None and isinstance(part, ToolCall) else []
                self._held = None
                return [*said, Closed(part)]
        return [event]
