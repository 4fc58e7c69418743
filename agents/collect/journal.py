"""Attempts on disk as they are made: one JSON line each, so that an interruption loses only what was under way."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tierwise.agents.collect.backend import CollectError
from tierwise.data.sensitive.redaction import Redaction, redact_values

Record = dict[str, Any]


class Journal:
    """The attempts file of a collection. A last line that was cut short is removed when it is opened."""

    def __init__(self, path: Path, redaction: Redaction = Redaction.FULL) -> None:
        self.path = path
        self._redaction = redaction
        self._attempts = read_attempts([path]) if _repaired(path) else {}
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise CollectError(f"{path}: {error.strerror}") from None

    def holds(self, step_id: str, tier: str, sample: int = 0) -> bool:
        """Whether the step was attempted on the tier, now or before; further answers have a ``sample`` from 1 on."""
        return held_as(tier, sample) in self._attempts.get(step_id, {})

    def append(self, step_id: str, attempt: Record) -> None:
        """Writes what may be kept of an attempt and hands it to the operating system."""
        attempt = redact_values(attempt, self._redaction)
        self._file.write(json.dumps({"step_id": step_id, "attempt": attempt}, ensure_ascii=False) + "\n")
        self._file.flush()
        self._attempts.setdefault(step_id, {})[held_as(attempt["tier"], attempt.get("sample"))] = attempt

    def attempts_of(self, step_id: str) -> dict[str, Record]:
        """tier, or `held_as` of a further answer -> attempt."""
        return self._attempts.get(step_id, {})

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def held_as(tier: str, sample: int | None) -> str:
    """The name of an attempt among those of its step: ``mid``, and ``mid#1`` for the first further answer."""
    return f"{tier}#{sample}" if sample else tier


def read_attempts(paths: Iterable[Path]) -> dict[str, dict[str, Record]]:
    """step_id -> tier, or `held_as` of a further answer -> attempt, from files that a journal wrote."""
    attempts: dict[str, dict[str, Record]] = {}
    for path in paths:
        for number, line in enumerate(_text(path).splitlines(), start=1):
            try:
                row = json.loads(line)
                attempt = row["attempt"]
                attempts.setdefault(row["step_id"], {})[held_as(attempt["tier"], attempt.get("sample"))] = attempt
            except (ValueError, KeyError, TypeError):
                raise CollectError(f"{path}:{number} is no attempt; move the file away to begin anew") from None
    return attempts


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise CollectError(f"{path}: no attempts that can be read: {error}") from None


def _repaired(path: Path) -> bool:
    """Whether there is a file; a last line without its end is cut off."""
    if not path.exists():
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return True
