"""What Harbor's verifiers and Terminal-Bench's tests said of a trial, in the files beside its trajectory.

A trial's folder holds ``result.json`` with the rewards by name, ``verifier/reward.txt`` or ``verifier/reward.json``;
the trajectory lies in it, or in ``agent`` below it.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tierwise.data.importers.reading.records import Signal
from tierwise.data.replies.counts import amount
from tierwise.data.replies.json_text import read_json

REWARD = "reward"
_MAX_BYTES = 4 * 2**20
_LEVELS = 2
_RESOLVED = "is_resolved"


def rewards_beside(path: Path, session_id: str) -> Iterator[Signal]:
    """The rewards of the trial that the trajectory at ``path`` belongs to, on its task."""
    for folder in islice(path.resolve().parents, _LEVELS):
        found = dict(_rewards(folder))
        if found:
            yield from (Signal(name, value, session_id, is_about_task=True) for name, value in found.items())
            return


def rewards_in(holder: Mapping[str, Any]) -> Iterator[tuple[str, bool | float]]:
    """The rewards that an object states, by their names."""
    verified = holder.get("verifier_result")
    stated = verified.get("rewards", verified.get(REWARD)) if isinstance(verified, Mapping) else None
    stated = holder.get("rewards", holder.get(REWARD)) if stated is None else stated
    if isinstance(stated, Mapping):
        yield from ((str(name), value) for name, raw in stated.items() if (value := amount(raw)) is not None)
    elif (value := amount(stated)) is not None:
        yield REWARD, value
    if isinstance(holder.get(_RESOLVED), bool):
        yield _RESOLVED, holder[_RESOLVED]


def _rewards(folder: Path) -> Iterator[tuple[str, bool | float]]:
    for name in ("result.json", "verifier/reward.json"):
        value = _json(folder / name)
        if isinstance(value, Mapping):
            plain = name.startswith("verifier") and "rewards" not in value and REWARD not in value
            yield from rewards_in({"rewards": value} if plain else value)
    text = _text(folder / "verifier" / "reward.txt")
    if text is not None and (value := amount(text.strip())) is not None:
        yield REWARD, value


def _json(path: Path) -> object:
    text = _text(path)
    try:
        return None if text is None else read_json(text)
    except ValueError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= _MAX_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None
