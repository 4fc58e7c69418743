"""The first hour on live traffic: with stand-ins for the cheap models here, with the real ones where they are given."""

import hashlib
import os
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.plans.__main__ import local_model
from benchmarks.walk.__main__ import CHEAPER, TOP, serving, tiers_at, walk
from benchmarks.walk.asked import KINDS, REFERENCE, Ask, ReferenceSolver, walk_asks
from tierwise.agents.collect import Completion
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.samples.verifiers import verify_many

MODELS = os.environ.get("TIERWISE_TEST_LOCAL_MODELS")
"""Folder of the GGUF files that ``python -m tierwise.agents.collect weights`` assembles; xllamacpp must be there."""


class OftenRight(ReferenceSolver):
    """Stands for a cheap model: right on nineteen prompts of twenty of the kinds that end in a full answer."""

    def complete(self, text: str, max_tokens: int) -> Completion:
        found = super().complete(text, max_tokens)
        is_wrong = hashlib.sha256(text.encode()).digest()[0] < 13 or "Reply with only" not in text
        return Completion("I cannot say.", 9, 4, 0) if is_wrong else found


@pytest.mark.slow
def test_the_asks_are_routine_with_some_that_demand_more() -> None:
    asks = walk_asks(140)
    assert len({ask.prompt for ask in asks}) == 140
    assert {ask.task_type for ask in asks} == {"extract", "format", "route", "query", "reason", "decide"}
    assert len(KINDS) == 14
    assert all(verify_many([(ask.verify, ask.answer) for ask in asks]))
    assert walk_asks(50) == walk_asks(50)


def test_the_top_tier_is_marked_as_simulated(tmp_path: Path) -> None:
    tiers = tmp_path / "tiers.toml"
    tiers.write_text(tiers_at({tier: f"http://127.0.0.1:{i}/v1" for i, tier in enumerate((*CHEAPER, TOP), start=1)}))
    catalogue = TierCatalogue.load(tiers)
    assert [model.base_url[-4] for tier in catalogue.tiers for model in tier.models] == ["1", "2", "3"]
    assert catalogue.top.models[0].name == REFERENCE
    assert catalogue.top.models[0].api_key_env is None


def run(folder: Path, addresses: dict[str, str], asks: Sequence[Ask], n_mirrored: int) -> dict[str, str]:
    timeline = walk(folder, addresses, asks[:n_mirrored], asks[n_mirrored:])
    assert timeline.table().count("\n") == 1 + len(timeline.rows)
    return {what: found for _, what, found in timeline.rows}


@pytest.mark.slow
def test_the_walk_ends_in_a_routed_and_audited_service(tmp_path: Path) -> None:
    asks = walk_asks(260)
    with ExitStack() as stack:
        cheap = {tier: stack.enter_context(serving(OftenRight(asks))) for tier in CHEAPER}
        addresses = cheap | {TOP: stack.enter_context(serving(ReferenceSolver(asks)))}
        found = run(tmp_path, addresses, asks, 220)
    assert "answers differ" in found["220 calls mirrored"]
    assert "saved a step" in found["trained"] or "cannot support" in found["trained"]
    assert re.search(r"\d+ of 40 by small, \d+ of 40 by mid, \d+ of 40 by frontier", found["routed"])
    assert re.search(r"\d+ of \d+ audited answers are the top tier's", found["audited"])


@pytest.mark.slow
@pytest.mark.skipif(MODELS is None, reason="needs the local models: TIERWISE_TEST_LOCAL_MODELS")
def test_the_walk_with_real_local_models(tmp_path: Path) -> None:
    asks = walk_asks(90)
    with ExitStack() as stack:
        local = {tier: stack.enter_context(local_model(Path(str(MODELS)), tier, sys.executable)) for tier in CHEAPER}
        found = run(tmp_path, local | {TOP: stack.enter_context(serving(ReferenceSolver(asks)))}, asks, 80)
    assert "of 80 answers differ" in found["80 calls mirrored"]
    assert "answers pass their verifier" in found["routed"]
