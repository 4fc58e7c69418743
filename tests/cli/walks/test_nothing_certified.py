"""Routers that certify nothing say so in one line, and decisions under a catch rate name it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import RunTierwise
from tierwise import DecideOptions, Router
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import write_step_log
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.policy import Policy

if TYPE_CHECKING:
    from tierwise.training.train import TrainedRouter

MISSING = "no tier below the top has outcomes of its own"


@pytest.fixture(scope="module")
def silent(trained: "TrainedRouter", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle as a log of the top tier alone gives it."""
    folder = tmp_path_factory.mktemp("silent") / "bundle"
    policy = Policy((OperatingPoint(0.03, None, 0.0, 0.0, 0.0),), 1.0, 0.9, 100, missing=MISSING)
    replace(trained, parts=replace(trained.parts, policy=policy)).save(folder)
    return folder


@pytest.fixture
def log(held_out_steps: Sequence[LoggedStep], tmp_path: Path) -> Path:
    write_step_log(tmp_path / "steps.jsonl", held_out_steps[:40])
    return tmp_path / "steps.jsonl"


def lines_of(err: str) -> list[str]:
    return [line for line in err.splitlines() if "Nothing is certified" in line]


@pytest.mark.slow
def test_decide_and_tax_say_once_that_nothing_is_certified_and_what_is_next(
    tierwise: RunTierwise, silent: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    decided = tierwise("decide", "--bundle", silent, "--steps", log, "--out", tmp_path / "d.jsonl")
    taxed = tierwise("tax", "--bundle", silent, "--log", log)
    for ran in (decided, taxed):
        assert ran.code == 0, ran.err
        (line,) = lines_of(ran.err)
        assert MISSING in line
        assert "`tierwise collect --compare frontier`" in line
    assert {json.loads(line)["tier"] for line in (tmp_path / "d.jsonl").read_text().splitlines()} == {"frontier"}


@pytest.mark.slow
def test_a_router_that_certifies_something_says_nothing_of_it(
    tierwise: RunTierwise, bundle_folder: Path, log: Path, tmp_path: Path
) -> None:
    ran = tierwise("decide", "--bundle", bundle_folder, "--steps", log, "--out", tmp_path / "d.jsonl",
                   "--max-quality-loss", "1.0")  # fmt: skip
    assert ran.code == 0, ran.err
    assert lines_of(ran.err) == []


@pytest.mark.slow
def test_a_catch_rate_gives_the_tier_to_start_on_in_every_line(
    tierwise: RunTierwise, bundle_folder: Path, log: Path, held_out_steps: Sequence[LoggedStep], tmp_path: Path
) -> None:
    out = tmp_path / "d.jsonl"
    ran = tierwise("decide", "--bundle", bundle_folder, "--steps", log, "--out", out, "--catch-rate", "0.8")
    assert ran.code == 0, ran.err
    assert "each the tier to start on where 80% of failures are caught" in ran.err
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    router = Router.load(bundle_folder)
    wanted = router.decide_many([each.step for each in held_out_steps[:40]], DecideOptions(catch_rate=0.8))
    assert [row["tier"] for row in rows] == [decision.tier for decision in wanted]
    assert {row["catch_rate"] for row in rows} == {0.8}


@pytest.mark.slow
def test_a_catch_rate_that_is_no_probability_is_refused(
    tierwise: RunTierwise, bundle_folder: Path, log: Path, tmp_path: Path
) -> None:
    ran = tierwise("decide", "--bundle", bundle_folder, "--steps", log, "--out", tmp_path / "d", "--catch-rate", "80")
    assert ran.code != 0
    assert "catch_rate: is 80.0; a probability from 0 to 1 is needed" in ran.err.replace("options.", "")
