"""What people and judges said of a row's call, in the forms that row logs keep it."""

from collections.abc import Iterator, Mapping
from typing import Any


def by_name(raw: object) -> Iterator[tuple[str, object]]:
    """``{name: value}``; a score that was not given is none."""
    for name, value in raw.items() if isinstance(raw, Mapping) else ():
        if value is not None:
            yield str(name), value


def listed_scores(raw: object) -> Iterator[tuple[str, object]]:
    """``[{"name": …, "value": …}]``."""
    for score in raw if isinstance(raw, list) else ():
        if isinstance(score, Mapping) and score.get("name") and score.get("value") is not None:
            yield str(score["name"]), score["value"]


def weave_feedback(row: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Weave's reactions, notes left out, and what its scorers returned: a value, or several by name."""
    weave = (row.get("summary") or {}).get("weave") if isinstance(row.get("summary"), Mapping) else None
    for each in (weave.get("feedback") or ()) if isinstance(weave, Mapping) else ():
        kind, payload = (each.get("feedback_type"), each.get("payload")) if isinstance(each, Mapping) else (None, None)
        if not isinstance(kind, str) or not isinstance(payload, Mapping):
            continue
        if kind.startswith("wandb.reaction"):
            yield "reaction", payload.get("alias") or payload.get("emoji")
        elif kind.startswith(("wandb.runnable.", "wandb.annotation.")):
            name = kind.split(".", 2)[2]
            value = payload.get("output", payload.get("value"))
            several = dict(value) if isinstance(value, Mapping) else {}
            yield from by_name({f"{name}.{key}": found for key, found in several.items()} or {name: value})
