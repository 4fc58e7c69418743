"""Join steps with the attempts of all models into one step log, add costs and the reference solver's attempt,
check every verdict.
"""

from __future__ import annotations

import gzip
import json
import math
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierwise.agents.collect.backend import CollectError

Record = dict[str, Any]
VerifyMany = Callable[[Sequence[tuple[dict[str, Any], str]]], list[bool]]
GOLD_CHARACTERS_PER_TOKEN = 3.6


@dataclass(frozen=True, slots=True)
class TierPrice:
    """First model of a tier with its prices in USD per million tokens."""

    tier: str
    model: str
    input_usd_per_mtok: float
    output_usd_per_mtok: float

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float:
        """List price without cache discounts."""
        return round((input_tokens * self.input_usd_per_mtok + output_tokens * self.output_usd_per_mtok) / 1e6, 10)


def read_prices(path: Path) -> list[TierPrice]:
    """Tiers of a tiers.toml, cheapest first."""
    with path.open("rb") as file:
        tiers = tomllib.load(file)["tiers"]
    prices = []
    for tier in tiers:
        model = tier["models"][0]
        prices.append(TierPrice(tier["name"], model["name"], model["input_usd_per_mtok"], model["output_usd_per_mtok"]))
    return prices


def merge(
    steps: Sequence[Record],
    attempts: dict[str, dict[str, Record]],
    prices: Sequence[TierPrice],
    verify: VerifyMany,
) -> list[Record]:
    """Steps that all tiers but the top one have executed, each with its attempts in order of the tiers.

    The top tier's attempt is the reference answer, marked as simulated. Every verdict is computed again from
    the stored output.
    """
    *executed, top = prices
    merged = []
    for step in steps:
        by_tier = attempts.get(step["step_id"], {})
        if all(price.tier in by_tier for price in executed):
            real = [_priced(by_tier[price.tier], price) for price in executed]
            merged.append(step | {"attempts": [*real, _reference_attempt(step, real[-1]["input_tokens"], top)]})
    _judge_again(merged, verify)
    return merged


def write_log(records: Iterable[Record], path: Path) -> None:
    """Gzipped JSON Lines whose bytes depend on the records alone: no time and no file name in the header."""
    lines = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records)
    path.write_bytes(gzip.compress(lines.encode("utf-8"), compresslevel=9, mtime=0))


def _priced(attempt: Record, price: TierPrice) -> Record:
    cost_usd = price.cost_usd(attempt["input_tokens"], attempt["output_tokens"])
    return attempt | {
        "model": price.model,
        "cached_tokens": 0,
        "cost_usd": cost_usd,
        "cost_is_estimate": True,
    }


def _reference_attempt(step: Record, input_tokens: int, price: TierPrice) -> Record:
    output_tokens = max(1, math.ceil(len(step["gold"]) / GOLD_CHARACTERS_PER_TOKEN))
    return {
        "tier": price.tier,
        "model": price.model,
        "model_sha256": None,
        "prompt_format": None,
        "success": True,
        "score": 1.0,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "latency_ms": None,
        "evaluator": "programmatic",
        "output": step["gold"],
        "error": None,
        "simulated": True,
        "cached_tokens": 0,
        "cost_usd": price.cost_usd(input_tokens, output_tokens),
        "cost_is_estimate": True,
    }


def _judge_again(records: Sequence[Record], verify: VerifyMany) -> None:
    pairs = [(record["verify"], attempt["output"]) for record in records for attempt in record["attempts"]]
    stored = [(record["step_id"], attempt) for record in records for attempt in record["attempts"]]
    for verdict, (step_id, attempt) in zip(verify(pairs), stored, strict=True):
        if verdict != attempt["success"]:
            raise CollectError(
                f"step {step_id}, tier {attempt['tier']}: stored success {attempt['success']}, verifier says {verdict}"
            )
