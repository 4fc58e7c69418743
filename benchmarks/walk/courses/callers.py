"""Callers with the real ``openai`` client: whole answers, streams, tools, several at once, and one that hangs up."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.walk.courses.asks import HANG_UP, STREAM, TOOLS, CourseAsk
from tierwise.data.samples.verifiers import verify

PATIENCE_SECONDS = 3000.0
HANG_UP_SECONDS = 4.0
_HEADERS = {"tier": "tier", "asked": "asked", "accepted": "accepted", "course": "course", "usd": "opinions-usd"}


@dataclass(frozen=True, slots=True)
class Called:
    """What a caller saw of one call. ``told`` are the gateway's headers; all is None or empty for who hung up."""

    name: str
    kind: str
    step_id: str
    seconds: float
    is_hung_up: bool
    told: dict[str, str | None]
    output: str | None = None
    tool: dict[str, Any] | None = None
    is_right: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def call_all(client: Any, act: Sequence[CourseAsk], max_quality_loss: float) -> list[Called]:
    """The calls of one act at once."""
    with ThreadPoolExecutor(len(act)) as threads:
        return list(threads.map(lambda ask: call(client, ask, max_quality_loss), act))


def call(client: Any, ask: CourseAsk, max_quality_loss: float) -> Called:
    """One call of ``auto``; one that is to hang up does so after a few seconds, whatever has come by then."""
    began = time.monotonic()
    try:
        told, output, tool = _answer(client, ask, max_quality_loss)
    except Exception as error:
        if ask.kind != HANG_UP or type(error).__name__ != "APITimeoutError":
            raise
        return Called(ask.name, ask.kind, ask.record["step_id"], time.monotonic() - began, True, {})
    said = (output or "") if tool is None else json.dumps(tool)
    is_right = verify(ask.record["verify"], said)
    seconds = time.monotonic() - began
    return Called(ask.name, ask.kind, ask.record["step_id"], seconds, False, told, output, tool, is_right)


def _answer(
    client: Any, ask: CourseAsk, max_quality_loss: float
) -> tuple[dict[str, str | None], str | None, dict[str, Any] | None]:
    given: dict[str, Any] = {
        "model": "auto",
        "messages": [{"role": "user", "content": ask.prompt}],
        "max_tokens": ask.record["max_tokens"],
        "temperature": 0,
        "timeout": HANG_UP_SECONDS if ask.kind == HANG_UP else PATIENCE_SECONDS,
        "extra_headers": {"x-tierwise-task-id": ask.name},
        "extra_body": {"tierwise": {"step": ask.place, "options": {"max_quality_loss": max_quality_loss}}},
    }
    if ask.kind == TOOLS:
        given |= {"tools": list(ask.tools), "tool_choice": "required"}
    if ask.kind == STREAM:
        with client.chat.completions.create(stream=True, **given) as stream:
            told = _told(stream.response.headers)
            parts = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
        return told, "".join(parts), None
    raw = client.chat.completions.with_raw_response.create(**given)
    message = raw.parse().choices[0].message
    return _told(raw.headers), message.content, _first_call(message)


def _told(headers: Any) -> dict[str, str | None]:
    return {name: headers.get(f"x-tierwise-{header}") for name, header in _HEADERS.items()}


def _first_call(message: Any) -> dict[str, Any] | None:
    if not message.tool_calls:
        return None
    function = message.tool_calls[0].function
    try:
        return {"tool": function.name, "args": json.loads(function.arguments)}
    except ValueError:
        return {"tool": function.name, "args": None}
