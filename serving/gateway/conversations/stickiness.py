"""When a call belongs to the model that spoke before: thought that only it can check, and routes that stick."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.data.errors import RecordError
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.conversations.memory import Memory, Speaker
from tierwise.serving.http.problems import invalid_field

Stickiness = Literal["none", "tool_loop", "session"]
PREVIOUS = "previous_response_id"


@dataclass(frozen=True, slots=True)
class Held:
    """The endpoint that a call stays with. ``is_bound``: no other can take it."""

    endpoint: Endpoint
    why: str
    is_bound: bool


class Holder:
    """Finds who a call stays with."""

    def __init__(self, memory: Memory, stickiness: Stickiness) -> None:
        self._memory = memory
        self._stickiness = stickiness

    def held(self, request: GatewayRequest, endpoints: Sequence[Endpoint]) -> Held | None:
        """None when the call is free to go anywhere."""
        call_id = request.protocol.answered_call(request.body)
        if call_id is not None:
            asked_by = _endpoint_of(self._memory.caller_of(call_id), endpoints)
            if asked_by is not None:
                if asked_by.speaks(request.protocol) and request.protocol.has_sealed_thought(request.body):
                    return Held(asked_by, "thought", True)
                if self._stickiness != "none":
                    return Held(asked_by, "tool_loop", False)
        if self._stickiness != "session":
            return None
        spoke = _endpoint_of(self._memory.speaker_of(request.session_key), endpoints)
        return None if spoke is None else Held(spoke, "session", False)

    def keeping(self, endpoints: tuple[Endpoint, ...], request: GatewayRequest) -> tuple[Endpoint, ...]:
        """Those of the provider that keeps the response that the call goes on from. Raises ``Problem`` for a response
        that nobody is known to keep."""
        previous = request.body.get(PREVIOUS) if request.protocol.keeps_answers else None
        if not previous:
            return endpoints
        speaking = tuple(each for each in endpoints if each.speaks(request.protocol))
        keeper = self._memory.keeper_of(str(previous))
        if keeper is None and len({each.base_url for each in speaking}) == 1 and not _is_ours(previous):
            return speaking  # there is only one that can
        found = tuple(each for each in speaking if each.base_url == keeper)
        if not found:
            shown = f"is {previous!r:.80}, which no provider is known to keep; send the whole conversation as input"
            raise invalid_field(RecordError(PREVIOUS, shown))
        return found


def _endpoint_of(speaker: Speaker | None, endpoints: Sequence[Endpoint]) -> Endpoint | None:
    if speaker is None:
        return None
    return next((e for e in endpoints if (e.tier, e.model.name) == (speaker.tier, speaker.model)), None)


def _is_ours(response_id: object) -> bool:
    """Whether the response was written here, for a model of another protocol, and so is kept by nobody."""
    return isinstance(response_id, str) and response_id.startswith("resp_d-")
