"""OpenAI's older completions, which only pass through: a prompt is no conversation, so nothing is translated."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Completion, Finish, Message, Request, Text
from tierwise.agents.protocols.chat.answer import FINISHES, Draft
from tierwise.agents.protocols.chat.protocol import Chat
from tierwise.agents.protocols.fields import cannot_say
from tierwise.agents.protocols.protocol import Frame
from tierwise.data.errors import RecordError
from tierwise.data.replies.json_text import write_json

NAME = "completions"


class Completions(Chat):
    """``POST /completions``."""

    name = NAME
    path = "/completions"
    id_prefix = "cmpl-"

    def check(self, body: Mapping[str, Any]) -> None:
        if not isinstance(body.get("prompt"), str | list):
            raise RecordError("prompt", f"is {body.get('prompt')!r:.60}; a text or a list is needed")

    def answered_call(self, body: Mapping[str, Any]) -> str | None:
        del body
        return None

    def step_fields(self, body: Mapping[str, Any]) -> dict[str, Any]:
        prompt = body["prompt"]
        texts = [each for each in ([prompt] if isinstance(prompt, str) else prompt) if isinstance(each, str)]
        return {"text": "\n".join(texts)}

    def needs(self, body: Mapping[str, Any]) -> frozenset[str]:
        del body
        return frozenset()

    def read_request(self, body: Mapping[str, Any], target: str) -> Request:
        del body
        raise cannot_say("prompt", target, "a bare prompt")

    def write_request(self, request: Request) -> dict[str, Any]:
        del request
        raise cannot_say("messages", NAME, "a conversation")

    def streamed(self, body: Mapping[str, Any], completion: Completion, frame: Frame) -> bytes:
        del completion, frame  # whole and in pieces the protocol looks the same
        return self.wire(write_json(body), None)

    def has_content(self, event: Mapping[str, Any]) -> bool:
        return bool(event.get("choices"))

    def read_answer(self, body: Mapping[str, Any]) -> Completion:
        """Told by its first choice; the others pass through."""
        draft = Draft()
        draft.add({**body, "choices": []})
        found = draft.completion()
        choice = body["choices"][0]
        text, reason = choice.get("text"), choice.get("finish_reason")
        parts = (Text(text),) if isinstance(text, str) else ()
        reason = reason if isinstance(reason, str) else None
        message = Message(parts, FINISHES.get(reason or "", Finish.STOP), reason)
        return Completion((message,), found.usage, found.model, found.answer_id)
