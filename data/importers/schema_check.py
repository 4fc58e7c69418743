"""Does an answer fit what was asked for: the JSON schema of the answer, and the schemas of the tools it calls."""

import json
from collections.abc import Mapping
from typing import Any

from tierwise.data.importers.records import Answer
from tierwise.data.records import Step


def check_answer(step: Step, answer: Answer) -> str | None:
    """What is wrong with the answer, or None. Only meaningful where ``is_checkable``."""
    if answer.tool_calls:
        schemas = {tool.name: tool.parameters for tool in step.tools}
        for call in answer.tool_calls:
            if schemas and call.name not in schemas:
                return f"calls the tool '{call.name}', which was not offered"
            problem = _misfit(call.arguments, schemas.get(call.name, {}))
            if problem:
                return f"arguments of '{call.name}': {problem}"
        return None
    if step.response_schema is not None and answer.text is not None:
        return _misfit(answer.text, step.response_schema)
    return None


def is_checkable(step: Step, answer: Answer) -> bool:
    """Is there a schema to hold the answer against?"""
    if answer.tool_calls:
        return bool(step.tools)
    return step.response_schema is not None and answer.text is not None


def _misfit(raw: Any, schema: Mapping[str, Any]) -> str | None:
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    value = raw
    if isinstance(raw, str):
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            return f"not JSON: {error}"
    if not schema:
        return None
    checker = validator_for(schema)
    try:
        checker.check_schema(schema)
    except SchemaError:
        return None  # the asker's fault, not the model's
    misfit = next(iter(checker(schema).iter_errors(value)), None)
    return None if misfit is None else str(misfit.message)[:200]
