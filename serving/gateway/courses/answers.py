"""What the gateway keeps of answers: the text, a key of it, or nothing.

The key is a keyed digest, made before redaction: two answers that differ only in what redaction takes out stay
different, and who reads the log learns from a key that two answers mean the same, not what they say.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tierwise.agents.protocols import Completion
from tierwise.data.answers import answer_key, digest_key
from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_step
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Attempt, ToolCall
from tierwise.data.replies.json_text import whole as unbroken
from tierwise.data.replies.parts import without_thoughts

Answers = Literal["none", "key", "text"]
MAX_CHARS_AT_ONCE = 20_000
MAX_CALLS_AT_ONCE = 20
_TROUBLE = TroubleLog(logging.getLogger(__name__))


def answered(attempt: Attempt, completion: Completion) -> Attempt:
    """The attempt with its answer in full. The first choice stands for all."""
    if not completion.messages:
        return attempt
    message = completion.messages[0]
    text = without_thoughts(unbroken(message.content)) or None
    calls = tuple(ToolCall(call.name, call.arguments) for call in message.tool_calls) or None
    return replace(attempt, output=text, tool_calls=calls, finish_reason=message.finish_reason)


def is_long(completion: Completion) -> bool:
    """Whether reading or writing the answer takes so long that it is done beside the event loop."""
    n_calls = sum(len(message.tool_calls) for message in completion.messages)
    n_chars = sum(
        len(message.content) + sum(len(call.arguments) for call in message.tool_calls)
        for message in completion.messages[:1]
    )
    return n_calls > MAX_CALLS_AT_ONCE or n_chars > MAX_CHARS_AT_ONCE


@dataclass(frozen=True, slots=True)
class AnswerKeeper:
    """``secret`` makes the digests; only those of one secret can be compared."""

    answers: Answers
    secret: bytes

    def kept(
        self, attempt: Attempt, completion: Completion | None, route: Mapping[str, Any], decision_id: str
    ) -> Attempt:
        """The attempt with what is kept; ``route`` is the request, whose step says how its answer is to be read."""
        if completion is None or self.answers == "none":
            return attempt
        whole = answered(attempt, completion)
        key = self._key(whole, route, decision_id)
        if self.answers == "text":
            return replace(whole, answer_key=key)
        return replace(attempt, answer_key=key, finish_reason=whole.finish_reason)

    def _key(self, attempt: Attempt, route: Mapping[str, Any], decision_id: str) -> str | None:
        try:
            key = answer_key(parse_step(route["step"]), attempt.output, attempt.tool_calls)
        except RecordError:
            return None
        except Exception as error:  # nobody waits for a key, and nobody goes without an answer for one
            _TROUBLE.tell("an answer had no key", error)
            return None
        return None if key is None else digest_key(key, self.secret, decision_id).text


NOTHING_KEPT = AnswerKeeper("none", b"")
