"""Join attempts that were made again to the log that holds the first ones: log-probabilities, answers drawn again."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tierwise.agents.collect.backend import CollectError

Record = dict[str, Any]
_EVIDENCE = ("logprobs", "finish_reason")
_MODEL = ("tier", "model_sha256", "prompt_format")
_PRICED = ("model", "cached_tokens", "cost_is_estimate")


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of attempts made again: the same answer, another one, a further one, or none that the log holds."""

    n_same: int = 0
    n_other: int = 0
    n_further: int = 0
    n_unknown: int = 0

    def __str__(self) -> str:
        return (
            f"{self.n_same} answers came out the same, {self.n_other} otherwise, {self.n_further} further ones; "
            f"{self.n_unknown} of steps, tiers or weights that the log does not hold"
        )


def read_log(path: Path) -> list[Record]:
    """The records of a step log, `.jsonl` or `.jsonl.gz`, as they are."""
    try:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return [json.loads(line) for line in text.splitlines()]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise CollectError(f"{path}: no step log that can be read: {error}") from None


def join(records: Iterable[Record], again: Mapping[str, Mapping[str, Record]]) -> tuple[list[Record], Joined]:
    """The records with what ``again`` holds (step_id -> name of the attempt -> attempt), in the same order.

    The same answer lends its evidence to the logged attempt, which keeps its time. Another one takes its place, outcome
    included, so that evidence and outcome are of one answer. Further answers stand behind the step's own attempts.
    Tiers that were simulated, or answered by other weights, stay as they are.
    """
    joined, found = [], Joined()
    for record in records:
        asked = again.get(record["step_id"], {})
        attempts = [_again(logged, asked.get(logged["tier"])) for logged in record["attempts"]]
        further = [
            _priced(logged, one)
            for logged in record["attempts"]
            for one in asked.values()
            if one.get("sample") and _is_of(logged, one)
        ]
        taken = [(a, b) for a, b in zip(record["attempts"], attempts, strict=True) if a is not b]
        n_same = sum(a["output"] == b["output"] for a, b in taken)
        found = replace(
            found,
            n_same=found.n_same + n_same,
            n_other=found.n_other + len(taken) - n_same,
            n_further=found.n_further + len(further),
        )
        joined.append(record | {"attempts": attempts + further})
    n_told = found.n_same + found.n_other + found.n_further
    return joined, replace(found, n_unknown=sum(map(len, again.values())) - n_told)


def _again(logged: Record, asked: Record | None) -> Record:
    if asked is None or not _is_of(logged, asked):
        return logged
    if logged["output"] == asked["output"]:
        return logged | {name: asked[name] for name in _EVIDENCE if asked.get(name) is not None}
    return _priced(logged, asked)


def _is_of(logged: Record, asked: Record) -> bool:
    return not logged.get("simulated") and all(logged.get(name) == asked.get(name) for name in _MODEL)


def _priced(logged: Record, asked: Record) -> Record:
    """Named as the logged attempt, and priced at what a token of it cost."""
    n_logged, n_asked = ((one.get("input_tokens") or 0) + (one.get("output_tokens") or 0) for one in (logged, asked))
    cost = logged.get("cost_usd")
    priced = None if cost is None or not n_logged else round(cost * n_asked / n_logged, 10)
    return asked | {name: logged[name] for name in _PRICED if name in logged} | {"cost_usd": priced}
