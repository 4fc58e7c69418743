"""From a log and decisions to the report: which path is taken, and that it says so."""

import json
from pathlib import Path

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, LoggedStep, Reason
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.decisions import evaluate_decisions
from tierwise.training.evaluation.errors import EvaluationError, Refusal
from tierwise.training.evaluation.evaluation import FullInformation
from tierwise.training.evaluation.logged.off_policy import OffPolicyReport
from tierwise.training.evaluation.reporting.report import write_report
from tierwise.training.evaluation.reporting.tables import result_table
from tierwise.training.evaluation.synthetic.world_logs import LoggingPolicy, WorldLog
from tierwise.training.evaluation.synthetic.worlds import World

DRAWS = Bootstrap(100)


def draw(logging: LoggingPolicy, n_steps: int = 900) -> WorldLog:
    return World(seed=2).draw(n_steps, logging, seed=1, exploration=0.3)


def decisions_of(log: WorldLog, names: tuple[str, ...]) -> list[Decision]:
    """Decisions that know the truth: small where it succeeds more often than not, else mid or frontier."""
    p_success, cost_usd = log.steps.p_success, log.steps.expected_cost_usd
    chosen = np.where(p_success[:, 0] > 0.7, 0, np.where(p_success[:, 1] > 0.7, 1, 2))
    return [
        Decision(
            names[tier],
            "learned",
            "v1",
            Reason("learned", "Because."),
            p_success=dict(zip(names, p_success[row].tolist(), strict=True)),
            expected_cost_usd=dict(zip(names, cost_usd[row].tolist(), strict=True)),
        )
        for row, tier in enumerate(chosen)
    ]


def logged(log: WorldLog, catalogue: TierCatalogue) -> list[LoggedStep]:
    return log.logged_steps(catalogue.names)


@pytest.mark.slow
def test_full_information_gives_every_part(catalogue: TierCatalogue) -> None:
    log = draw("full")
    found = evaluate_decisions(logged(log, catalogue), catalogue, decisions_of(log, catalogue.names), bootstrap=DRAWS)
    full = found.full_information
    assert isinstance(full, FullInformation)
    assert list(full.choices) == ["always-small", "always-mid", "always-frontier", "rules", "learned", "oracle"]
    starts = ["small→mid→frontier", "small→frontier", "mid→frontier", "learned"]
    assert {(run.start, run.report.catch_rate) for run in full.escalation} == {
        (start, rate) for start in starts for rate in (1.0, 0.8)
    }
    assert [run.start for run in full.escalation if not run.is_plain] == ["learned", "learned"]
    assert found.off_policy == {}
    assert [tier.tier for tier in found.calibration] == list(catalogue.names)
    assert {row.method for row in found.table()} == {"full information"}


@pytest.mark.slow
def test_the_table_shows_what_needs_no_learning_before_what_does(catalogue: TierCatalogue) -> None:
    log = draw("full")
    found = evaluate_decisions(logged(log, catalogue), catalogue, decisions_of(log, catalogue.names), bootstrap=DRAWS)
    table = found.table()
    assert [row.kind for row in table] == (
        ["tier"] * 3 + ["mix"] + ["cascade"] * 6 + ["rules", "candidate"] + ["candidate cascade"] * 2 + ["oracle"]
    )
    assert [row.kind for row in table if row.is_best] == ["tier", "cascade", "cascade"]
    rows = {row.name: row for row in table}
    reached = {name: rows[name].success for name in ("best-mix", "learned", "always-frontier")}
    values = {name: estimate.value for name, estimate in reached.items() if estimate is not None}
    assert values["best-mix"] == pytest.approx(min(values["learned"], values["always-frontier"]))
    assert all(row.saving_relative is not None for row in table)
    assert "evaluation_saving_relative" in found.figures()
    assert "| small→frontier + verifier 80%" in result_table(table)
    assert [row["kind"] for row in json.loads(json.dumps(found.to_dict()))["table"]] == [row.kind for row in table]


@pytest.mark.slow
def test_one_attempt_a_step_is_evaluated_off_policy_and_near_the_truth(catalogue: TierCatalogue) -> None:
    log = draw("heuristic", 2500)
    decisions = decisions_of(log, catalogue.names)
    found = evaluate_decisions(logged(log, catalogue), catalogue, decisions, bootstrap=DRAWS)
    assert isinstance(found.full_information, Refusal)
    report = found.off_policy["learned"]
    assert isinstance(report, OffPolicyReport)
    chosen = np.array([catalogue.index(decision.tier) for decision in decisions])
    truth = log.full_success[np.arange(len(log)), chosen].mean()
    assert report.dr is not None
    assert report.dr.success.low < truth < report.dr.success.high
    assert {row.method for row in found.table() if not row.refused} == {"doubly robust"}


@pytest.mark.slow
def test_an_escalation_log_never_counts_its_hard_steps_as_complete(catalogue: TierCatalogue) -> None:
    """Only steps on which everything failed know every tier; on them every cheap tier would look useless."""
    log = World(seed=2).draw(600, "escalation", seed=1, exploration=0.0)
    found = evaluate_decisions(logged(log, catalogue), catalogue, decisions_of(log, catalogue.names), bootstrap=DRAWS)
    assert isinstance(found.full_information, Refusal)
    assert "the cheaper tiers had failed" in found.full_information.reason
    refused = found.off_policy["always-frontier"]
    assert isinstance(refused, Refusal)
    assert "log with some exploration" in refused.reason


def test_decisions_that_do_not_fit_the_log_are_an_error(catalogue: TierCatalogue) -> None:
    log = draw("full", 60)
    with pytest.raises(EvaluationError, match="there are 59 decisions for 60 steps"):
        evaluate_decisions(logged(log, catalogue), catalogue, decisions_of(log, catalogue.names)[1:])


@pytest.mark.slow
@pytest.mark.parametrize("logging", ["full", "heuristic"])
def test_the_report_is_markdown_and_json_and_names_the_path(
    logging: LoggingPolicy, catalogue: TierCatalogue, tmp_path: Path
) -> None:
    log = draw(logging)
    found = evaluate_decisions(logged(log, catalogue), catalogue, decisions_of(log, catalogue.names), bootstrap=DRAWS)
    text = write_report(found, tmp_path).read_text(encoding="utf-8")
    content = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert content["candidate"] == "learned"
    if logging == "full":
        assert "escalating beside a single shot" in text
        assert "## Slices" in text
        assert (tmp_path / "curve.png").is_file()
    else:
        assert "No figures with full information" in text
        assert "Escalating operation is not measured here" in text
        assert "Slices of the candidate, worst first" in text
        assert "## From the choices of the log (off-policy)" in text
