"""Read the answer out of what a model wrote: code fences, labels, quotes and chatter around it are forgiven,
wrong content is not.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LABEL = re.compile(r"^(?:final answer|example answer|answer|output|result|label|queue|tool)\s*:\s*", re.IGNORECASE)
_FENCE = re.compile(r"```[a-zA-Z]*\n?(.*?)(?:```|$)", re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_FINAL = re.compile(r"ANSWER:\s*\**\$?\s*(-?[\d,]*\.?\d+)", re.IGNORECASE)


def body(output: str) -> str:
    """The output without a leading label, and only the inside of the first code fence if there is one."""
    text = _LABEL.sub("", output.strip()).strip()
    fenced = _FENCE.search(text)
    return fenced.group(1).strip() if fenced else text


def first_line(output: str) -> str:
    """First line of the body, without quotes, backticks and a closing full stop."""
    lines = body(output).split("\n")
    return lines[0].strip().strip("`\"' ").rstrip(".").strip("`\"' ")


def folded(value: Any) -> str:
    """Lower case, white space collapsed: for comparing what a person would call the same text."""
    return re.sub(r"\s+", " ", str(value)).strip().lower()


def first_object(output: str) -> dict[str, Any] | None:
    """The first JSON object in the body, or None."""
    text = body(output)
    start = text.find("{")
    if start < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def number_in_first_line(output: str) -> float | None:
    """The last number of the first line: models like to repeat the question before the answer."""
    found = _NUMBER.findall(body(output).split("\n")[0])
    return _as_float(found[-1]) if found else None


def number_after_answer(output: str) -> float | None:
    """The number behind the last `ANSWER:`."""
    found = _FINAL.findall(output)
    return _as_float(found[-1]) if found else None


def as_number(value: Any) -> float | None:
    """A JSON number, or a string such as `$1,200.50 USD`, as a float."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    found = _NUMBER.findall(str(value))
    return _as_float(found[0]) if len(found) == 1 else None


def _as_float(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
