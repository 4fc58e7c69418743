"""`tierwise collect` against a stub of models: full information, gaps only, budget, interruption, training on it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.agents.conftest import Answer, Reply, Stub, completion
from tierwise.cli import app
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.labels import outcome_table
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import load_step_logs

StartStub = Callable[[Answer], Stub]
TIERS = ("small", "mid", "frontier")


class Lab:
    """Steps that ask for a number; the stub answers by tier: small is right on the even ones, mid on all but every
    fifth."""

    def __init__(self, folder: Path, stub: StartStub) -> None:
        self.folder = folder
        self.out = folder / "full.jsonl"
        self.troubles: dict[str, Reply] = {}
        self.server = stub(self.answer)
        models = "\n".join(
            f'[[tiers]]\nname = "{tier}"\n[[tiers.models]]\nname = "{tier}-1"\nbase_url = "{self.server.address}"\n'
            f"input_usd_per_mtok = {usd}\noutput_usd_per_mtok = {2 * usd}"
            for tier, usd in zip(TIERS, (1, 4, 16), strict=True)
        )
        (folder / "tiers.toml").write_text(models)

    def answer(self, _: str, body: Any) -> Reply:
        tier = body["model"].removesuffix("-1")
        number = int(body["messages"][0]["content"].split()[-1])
        is_right = tier == "frontier" or (tier == "small" and number % 2 == 0) or (tier == "mid" and number % 5 > 0)
        return self.troubles.get(tier) or completion(str(number if is_right else -1), (10, 2))

    def write(self, n_steps: int, **fields: Any) -> None:
        steps = [
            {
                "step_id": f"s-{i}",
                "task_id": f"t-{i // 4}",
                "step": {"text": f"Say {i}", "task_type": "extract"},
                "verify": {"kind": "number", "expect": i},
                **fields,
            }
            for i in range(n_steps)
        ]
        (self.folder / "steps.jsonl").write_text("".join(json.dumps(step) + "\n" for step in steps))

    def collect(self, *options: str) -> Result:
        arguments = (
            f"collect --steps {self.folder}/steps.jsonl --tiers {self.folder}/tiers.toml --out {self.out}".split()
        )
        return CliRunner().invoke(app, [*arguments, *options])

    def steps(self) -> list[LoggedStep]:
        return list(load_step_logs([self.out]).steps)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as stack:
        yield Lab(tmp_path, lambda answer: stack.enter_context(Stub(answer)))


@pytest.mark.slow
def test_every_step_runs_on_every_tier(lab: Lab) -> None:
    lab.write(10)
    result = lab.collect()
    assert result.exit_code == 0, result.output
    assert "30 of 30 attempts are there" in result.output
    table = outcome_table(lab.steps(), TIERS)
    assert table.is_complete.all()
    assert table.success[:, 0].tolist() == [1.0, 0.0] * 5
    assert [attempt.cost_usd for attempt in lab.steps()[0].attempts] == pytest.approx([14e-6, 56e-6, 224e-6])
    assert lab.steps()[0].extra == {"verify": {"kind": "number", "expect": 0}}
    assert lab.steps()[1].attempts[0].output == "-1"


def test_only_what_is_missing_is_asked(lab: Lab) -> None:
    known = [
        {"tier": "mid", "success": True, "model": "ours"},
        {"tier": "small", "success": None},
        {"tier": "frontier", "success": True, "simulated": True},
    ]
    lab.write(3, attempts=known)
    assert lab.collect().exit_code == 0
    assert sorted(body["model"] for _, body in lab.server.requests) == ["frontier-1"] * 3 + ["small-1"] * 3
    assert [(a.tier, a.model, a.simulated) for a in lab.steps()[0].attempts] == [
        ("small", "small-1", False),
        ("mid", "ours", False),
        ("frontier", "frontier-1", False),
    ]
    lab.server.requests.clear()
    assert lab.collect("--tier", "mid", "--again", "--out", str(lab.folder / "again.jsonl")).exit_code == 0
    assert [body["model"] for _, body in lab.server.requests] == ["mid-1"] * 3


def test_the_budget_ends_the_run_and_the_next_run_goes_on(lab: Lab) -> None:
    lab.write(6)
    first = lab.collect("--budget-usd", "0.0015", "--max-tokens", "20", "--concurrency", "2")
    assert first.exit_code == 1
    assert "may cost" in first.output
    n_asked = len(lab.server.requests)
    assert 0 < n_asked < 18
    assert sum(a.cost_usd or 0 for step in lab.steps() for a in step.attempts) <= 0.0015
    second = lab.collect()
    assert second.exit_code == 0, second.output
    assert len(lab.server.requests) == 18, "nothing is asked twice"
    assert outcome_table(lab.steps(), TIERS).is_complete.all()


def test_a_tier_that_is_away_is_asked_again_by_the_next_run(lab: Lab) -> None:
    lab.write(4)
    lab.troubles["mid"] = Reply({"error": "no"}, 401)
    first = lab.collect()
    assert first.exit_code == 1
    assert "4 calls got no reply, the last: refused: model 'mid-1' answered 401" in " ".join(first.output.split())
    assert [[a.tier for a in step.attempts] for step in lab.steps()] == [["small", "frontier"]] * 4
    lab.troubles.clear()
    assert lab.collect().exit_code == 0
    assert outcome_table(lab.steps(), TIERS).is_complete.all()


def test_steps_that_nobody_can_judge_are_announced(lab: Lab) -> None:
    lab.write(2, verify=None)
    result = lab.collect("--tier", "small")
    assert result.exit_code == 1
    assert "2 of 2 steps have no verify" in result.output
    assert [a.success for step in lab.steps() for a in step.attempts] == [None, None]


def test_bad_use_is_one_clear_refusal(lab: Lab) -> None:
    lab.write(1)
    assert "tier 'huge' is not in the catalogue" in str(lab.collect("--tier", "huge").exception)
    with (lab.folder / "steps.jsonl").open("a") as file:
        file.write('{"step_id": "s-0", "step": {"text": "Say 0"}}\n')
    assert "step_id 's-0' stands twice" in str(lab.collect().exception)


@pytest.mark.slow
def test_the_collected_log_trains_a_router(lab: Lab, catalogue: TierCatalogue) -> None:
    lab.write(60)
    assert lab.collect("--concurrency", "16").exit_code == 0
    (lab.folder / "train.toml").write_text("[booster]\nn_rounds = 10\n")
    arguments = f"train --log {lab.out} --out {lab.folder}/bundle --no-track --tiers {lab.folder}/tiers.toml"
    result = CliRunner().invoke(app, [*arguments.split(), "--config", str(lab.folder / "train.toml")])
    assert result.exit_code == 0, result.output
    assert (lab.folder / "bundle" / "manifest.json").exists()
    assert len(catalogue) == 3


@pytest.mark.slow
def test_the_top_tiers_answers_stand_in_for_verifiers(lab: Lab) -> None:
    lab.write(40, verify=None)
    result = lab.collect("--compare", "frontier")
    assert result.exit_code == 0, result.output
    assert "0 of 40 steps hold an answer of 'frontier'" in result.output
    table = outcome_table(lab.steps(), TIERS)
    assert [list(table.success[:, tier]).count(1.0) for tier in range(3)] == [20, 32, 40]
    assert {a.evaluator for step in lab.steps() for a in step.attempts} == {"same-answer"}
    row = next(line for line in result.output.splitlines() if " mid " in line and "[" in line)
    assert "40" in row
    assert "80.0%" in row


def test_answers_that_the_log_holds_are_not_asked_again(lab: Lab) -> None:
    kept = [{"tier": "frontier", "model": "frontier-1", "output": "7", "input_tokens": 9, "output_tokens": 1}]
    lab.write(10, verify=None, attempts=kept)
    result = lab.collect("--compare", "frontier")
    assert result.exit_code == 0, result.output
    assert "10 of 10 steps hold an answer of 'frontier'" in result.output
    assert {body["model"] for _, body in lab.server.requests} == {"small-1", "mid-1"}
    table = outcome_table(lab.steps(), TIERS)
    assert list(table.success[:, 2]) == [1.0] * 10
    assert sum(table.success[:, 1] == 1) == 1, "only step 7 was answered with 7"


@pytest.mark.slow
def test_a_sample_is_random_and_grows_without_asking_twice(lab: Lab) -> None:
    lab.write(40, verify=None)
    assert lab.collect("--compare", "frontier", "--sample", "10").exit_code == 0
    first = {step.step_id for step in lab.steps()}
    assert len(lab.server.requests) == 30
    assert first != {f"s-{i}" for i in range(10)}
    assert lab.collect("--compare", "frontier", "--sample", "25").exit_code == 0
    assert len(lab.server.requests) == 75
    assert first < {step.step_id for step in lab.steps()}


@pytest.mark.slow
def test_a_budget_stops_the_comparing_and_the_next_run_goes_on(lab: Lab) -> None:
    lab.write(20, verify=None)
    one_step_usd = (10 + 4) * (1 + 4 + 16) / 1e6
    stopped = lab.collect("--compare", "frontier", "--budget-usd", str(8 * one_step_usd), "--max-tokens", "2")
    assert stopped.exit_code == 1
    assert "Run the same command again to go on" in stopped.output
    n_asked = len(lab.server.requests)
    assert 0 < n_asked < 60
    assert lab.collect("--compare", "frontier").exit_code == 0
    assert len(lab.server.requests) == 60


def test_verifiers_win_where_they_fit(lab: Lab) -> None:
    lab.write(6)
    lab.troubles["frontier"] = completion("0", (10, 2))
    assert lab.collect("--compare", "frontier").exit_code == 0
    assert {a.evaluator for step in lab.steps() for a in step.attempts} == {"programmatic"}


def test_learning_nothing_is_a_failure_with_a_way_on(lab: Lab) -> None:
    lab.write(4, verify=None)
    result = lab.collect()
    assert result.exit_code == 1
    assert "nothing was learned; compare with the top tier's instead: --compare" in " ".join(result.output.split())


def test_long_prose_cannot_be_compared_and_that_is_said(lab: Lab) -> None:
    lab.write(4, verify=None)
    for tier in TIERS:
        lab.troubles[tier] = completion(f"{tier} says: " + "a long story about many things and more. " * 40, (10, 2))
    result = lab.collect("--compare", "frontier")
    assert result.exit_code == 1
    assert "no answer could be compared, so nothing was learned" in " ".join(result.output.split())


def test_sample_needs_compare_and_compare_a_tier(lab: Lab) -> None:
    lab.write(4)
    assert "--sample draws steps to compare" in str(lab.collect("--sample", "3").exception)
    assert "tier 'huge' is not in the catalogue" in str(lab.collect("--compare", "huge").exception)


def judged(lab: Lab, verdict: Callable[[str, str], Any]) -> None:
    """Answers that differ in words alone, and a judge that is asked about them; ``verdict`` of its two answers."""
    prose = "a long story about many things and more. " * 40

    def answer(_: str, body: Any) -> Reply:
        prompt = body["messages"][0]["content"]
        if prompt.startswith("Two answers"):
            first, second = prompt.split("Answer 1:\n")[1].split("\n\nAnswer 2:\n")
            said = verdict(first.split()[0], second.split()[0])
            return (
                said if isinstance(said, Reply) else completion(json.dumps({"same": said, "difference": "?"}), (10, 2))
            )
        return completion(f"{body['model']} says: {prose}", (10, 2))

    lab.server.answer = answer


def scores(lab: Lab) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for step in lab.steps():
        for attempt in step.attempts:
            found.setdefault(attempt.tier, []).append(attempt.extra.get("judge_score"))
    return found


@pytest.mark.slow
def test_a_judge_is_asked_in_both_orders_and_gives_no_verdict(lab: Lab) -> None:
    lab.write(3, verify=None)
    judged(lab, lambda first, second: "mid-1" in (first, second) or first == "small-1")  # small: only when it is first
    result = lab.collect("--compare", "frontier", "--judge", "frontier")
    assert result.exit_code == 0, result.output
    assert scores(lab) == {"small": [0.5] * 3, "mid": [1.0] * 3, "frontier": [None] * 3}
    assert {a.success for step in lab.steps() for a in step.attempts} == {None}
    said = " ".join(result.output.split())
    assert "found 3 of 6 pairs the same in both orders and 3 in one of them" in said
    assert "certifies nothing until people have labelled some" in said


@pytest.mark.slow
def test_judging_goes_on_where_it_was_left(lab: Lab) -> None:
    lab.write(4, verify=None)
    judged(lab, lambda *_: True)
    assert lab.collect("--compare", "frontier", "--judge", "frontier").exit_code == 0
    n_asked = len(lab.server.requests)
    assert n_asked == 12 + 2 * 8
    assert lab.collect("--compare", "frontier", "--judge", "frontier").exit_code == 0
    assert len(lab.server.requests) == n_asked


def test_a_judge_that_says_nothing_usable_leaves_no_opinion(lab: Lab) -> None:
    lab.write(2, verify=None)
    judged(lab, lambda *_: completion("I would rather not say.", (10, 2)))
    assert lab.collect("--compare", "frontier", "--judge", "frontier").exit_code == 0
    assert scores(lab)["small"] == [None, None]
    assert "--judge compares answers" in str(lab.collect("--judge", "mid").exception)
