"""Does an answer fit what was asked for: the JSON schema of the answer, and the schemas of the tools it calls."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tierwise.data.foreign import ForeignError, UncheckableError
from tierwise.data.foreign.limits import MAX_SCHEMA_VALUES
from tierwise.data.foreign.schema import check_schema
from tierwise.data.foreign.shape import check_shape
from tierwise.data.importers.reading.records import Answer
from tierwise.data.importers.reading.requests import is_redacted
from tierwise.data.records import Step
from tierwise.data.replies.calls import arguments_text
from tierwise.data.replies.finish import LENGTH
from tierwise.data.replies.held import Held, held_against
from tierwise.data.replies.parts import is_thinking_only

_CUT = re.compile(r"litellm_truncated|[<\[({.…]\s*truncated\b|(\.\.\.|…)\s*$", re.IGNORECASE)


def check_answer(step: Step, answer: Answer) -> Held:
    """The answer held against what was asked for. Only meaningful where ``is_checkable``.

    Raises ``ForeignError`` where nobody can tell: the schema is wrong, or comparing takes more work than is allowed.
    """
    if answer.tool_calls:
        schemas = {tool.name: tool.parameters for tool in step.tools}
        for call in answer.tool_calls:
            if schemas and call.name not in schemas:
                return Held(False, detail=f"calls the tool '{call.name}', which was not offered")
            held = _held(arguments_text(call.arguments), schemas.get(call.name, {}))
            if not held.fits:
                return replace(held, detail=f"arguments of '{call.name}': {held.detail}")
        return Held(True)
    if step.response_schema is not None and answer.text is not None:
        return _held(answer.text, step.response_schema)
    return Held(None)


def is_checkable(step: Step, answer: Answer) -> bool:
    """Is there a schema to hold the answer against, and is the answer what the model said: neither a refusal nor
    something that the log cut off or blackened, nor one that ended at its limit of tokens? Such an answer is a failure
    where ``finish_reasons`` says so, and breaks no schema."""
    said = [answer.text or "", *(arguments_text(call.arguments) for call in answer.tool_calls)]
    if answer.is_refusal or answer.finish_reason == LENGTH or is_thinking_only(answer.text or ""):
        return False
    if any(is_redacted(text) or _CUT.search(text) for text in said):
        return False
    if answer.tool_calls:
        return bool(step.tools)
    return step.response_schema is not None and answer.text is not None


def _held(text: str, schema: Mapping[str, Any]) -> Held:
    if not _is_schema(_text_of(schema)):
        raise UncheckableError("the schema cannot be used")
    return held_against(text, schema)


def _text_of(schema: Mapping[str, Any]) -> str:
    check_shape(schema, MAX_SCHEMA_VALUES)
    return json.dumps(schema, sort_keys=True, default=str)


@lru_cache(maxsize=512)
def _is_schema(schema: str) -> bool:
    """False for a schema that is itself wrong or takes too long to look at, which is the asker's fault."""
    try:
        check_schema(json.loads(schema))
    except ForeignError:
        return False
    return True
