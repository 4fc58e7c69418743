"""Does an answer fit what was asked for: the JSON schema of the answer, and the schemas of the tools it calls."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tierwise.data.importers.records import Answer
from tierwise.data.importers.requests import is_redacted
from tierwise.data.records import Step
from tierwise.data.replies.calls import arguments_text
from tierwise.data.replies.json_text import read_json

_MAX_PROBLEM_CHARS = 200
_CUT = re.compile(r"litellm_truncated|[<\[({.…]\s*truncated\b|(\.\.\.|…)\s*$", re.IGNORECASE)
_FENCE = re.compile(r"\s*```\w*\s*\n(.*?)\s*```\s*", re.DOTALL)


def check_answer(step: Step, answer: Answer) -> str | None:
    """What is wrong with the answer, or None. Only meaningful where ``is_checkable``."""
    if answer.tool_calls:
        schemas = {tool.name: tool.parameters for tool in step.tools}
        for call in answer.tool_calls:
            if schemas and call.name not in schemas:
                return f"calls the tool '{call.name}', which was not offered"
            problem = _misfit(arguments_text(call.arguments), schemas.get(call.name, {}))
            if problem:
                return f"arguments of '{call.name}': {problem}"
        return None
    if step.response_schema is not None and answer.text is not None:
        return _misfit(answer.text, step.response_schema)
    return None


def is_checkable(step: Step, answer: Answer) -> bool:
    """Is there a schema to hold the answer against, and is the answer what the model said: neither a refusal nor
    something that the log cut off or blackened?"""
    said = [answer.text or "", *(arguments_text(call.arguments) for call in answer.tool_calls)]
    if answer.is_refusal or any(is_redacted(text) or _CUT.search(text) for text in said):
        return False
    if answer.tool_calls:
        return bool(step.tools)
    return step.response_schema is not None and answer.text is not None


def _misfit(raw: str, schema: Mapping[str, Any]) -> str | None:
    fenced = _FENCE.fullmatch(raw)
    try:
        value = read_json(raw if fenced is None else fenced.group(1))
    except ValueError as error:
        return f"not JSON: {error}"
    validator = _validator(json.dumps(schema, sort_keys=True, default=str))
    if validator is None:
        return None
    from referencing.exceptions import Unresolvable

    try:
        misfit = next(iter(validator.iter_errors(value)), None)
    except (Unresolvable, RecursionError):
        return None
    return None if misfit is None else str(misfit.message)[:_MAX_PROBLEM_CHARS]


@lru_cache(maxsize=512)
def _validator(schema: str) -> Any | None:
    """None for a schema that is itself wrong, which is the asker's fault and not the model's.

    The empty registry keeps references to other addresses from being fetched: a log must not make us call anybody.
    """
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry

    decoded = json.loads(schema)
    kind = validator_for(decoded)
    try:
        kind.check_schema(decoded)
    except SchemaError:
        return None
    return kind(decoded, registry=Registry())
