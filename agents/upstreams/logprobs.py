"""Token log-probabilities that we ask of a model for ourselves: the caller neither asked for them nor sees them."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols import CHAT, WireProtocol
from tierwise.data.answer_fields import logprobs_in
from tierwise.data.errors import RecordError
from tierwise.data.records import Logprobs

LOGPROBS = "logprobs"


def can_ask_logprobs(spoken: WireProtocol, body: Mapping[str, Any]) -> bool:
    """Whether the protocol has them and ``body`` says nothing of them: a caller's own word stays as it is."""
    return spoken is CHAT and LOGPROBS not in body


def logprobs_of(body: Mapping[str, Any]) -> Logprobs | None:
    """Those of the first choice of a chat completion; None where there are none that can be read."""
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    try:
        return logprobs_in(first.get(LOGPROBS), LOGPROBS) if isinstance(first, Mapping) else None
    except RecordError:
        return None


def without_logprobs(body: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` as it would have come without them."""
    choices = body.get("choices")
    if not isinstance(choices, list):
        return dict(body)
    return {**body, "choices": [_plain(each) for each in choices]}


def _plain(choice: Any) -> Any:
    return {**choice, LOGPROBS: None} if isinstance(choice, Mapping) and LOGPROBS in choice else choice
