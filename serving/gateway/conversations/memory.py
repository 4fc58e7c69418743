"""What the gateway remembers of conversations: who called which tool, who keeps which response, whose cache is warm.

It belongs to one event loop and one process, holds names and counts and no content, and forgets the oldest first.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from tierwise.agents.protocols import Completion
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.serving.gateway.calls.asked import GatewayRequest

MAX_ENTRIES = 20_000
MIN_CACHED_TOKENS = 1024  # providers keep no shorter prompts
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who said something: a model by its tier and name."""

    tier: str
    model: str


@dataclass(frozen=True, slots=True)
class Warmth:
    """How long a prompt a tier's provider holds in its cache, and since when, in seconds."""

    n_tokens: int
    since: float


@dataclass(slots=True)
class Session:
    """The last speaker of a conversation, and what each tier's cache holds of it."""

    speaker: Speaker
    warmth: dict[str, Warmth]


class Memory:
    """``clock`` gives seconds, monotonic; a cache counts as warm for ``cache_seconds`` after it was used."""

    def __init__(self, clock: Callable[[], float], cache_seconds: float) -> None:
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._calls: _Recent[Speaker] = _Recent()
        self._keepers: _Recent[str] = _Recent()
        self._sessions: _Recent[Session] = _Recent()

    def remember(self, request: GatewayRequest, endpoint: Endpoint, completion: Completion) -> None:
        speaker = Speaker(endpoint.tier, endpoint.model.name)
        for call in completion.message.tool_calls:
            if call.call_id:
                self._calls.put(call.call_id, speaker)
        if request.protocol.keeps_answers and completion.answer_id and endpoint.speaks(request.protocol):
            self._keepers.put(completion.answer_id, endpoint.base_url)
        if request.session_key:
            self._note_session(request.session_key, speaker, completion.usage.input_tokens or 0)

    def caller_of(self, call_id: str) -> Speaker | None:
        """Who asked for the tool call."""
        return self._calls.get(call_id)

    def keeper_of(self, response_id: str) -> str | None:
        """The address of the provider that keeps a response."""
        return self._keepers.get(response_id)

    def speaker_of(self, session_key: str | None) -> Speaker | None:
        """Who spoke last in a session."""
        session = self._sessions.get(session_key) if session_key else None
        return None if session is None else session.speaker

    def warm_tokens(self, session_key: str | None) -> Mapping[str, int]:
        """What each tier's provider still holds of a session's prompt, in tokens."""
        session = self._sessions.get(session_key) if session_key and self._cache_seconds else None
        if session is None:
            return {}
        oldest = self._clock() - self._cache_seconds
        return {tier: each.n_tokens for tier, each in session.warmth.items() if each.since >= oldest}

    def _note_session(self, key: str, speaker: Speaker, n_tokens: int) -> None:
        session = self._sessions.get(key)
        if session is None:
            session = Session(speaker, {})
            self._sessions.put(key, session)
        session.speaker = speaker
        if n_tokens >= MIN_CACHED_TOKENS:
            session.warmth[speaker.tier] = Warmth(n_tokens, self._clock())


class _Recent(Generic[_V]):
    """The entries that were put or asked for last."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, _V] = OrderedDict()

    def get(self, key: str) -> _V | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: str, value: _V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)
