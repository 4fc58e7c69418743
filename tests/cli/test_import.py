"""``tierwise import`` from a person's side: the account, the files it leaves, and what it refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tierwise.cli import app
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.errors import TierwiseError
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step
from tierwise.data.step_log import load_step_logs

RUN = CliRunner()
TIERS = '[[tiers]]\nname = "small"\n[[tiers.models]]\nname = "gpt-4o-mini"\n[[tiers]]\nname = "frontier"\n'


def pair(number: int, model: str = "gpt-4o-mini") -> str:
    request = {"model": model, "messages": [{"role": "user", "content": f"Question {number}?"}]}
    response = {"id": f"c-{number}", "model": model, "choices": [{"message": {"role": "assistant", "content": "Yes."}}]}
    return json.dumps({"request": request, "response": response})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiers.toml").write_text(TIERS, encoding="utf-8")
    lines = [pair(1), "{broken", pair(2), '{"request": 3}', pair(3, "gpt-9-ultra")]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    out, tiers = str(folder / "steps.jsonl"), str(folder / "tiers.toml")
    result = RUN.invoke(app, ["import", "--out", out, "--tiers", tiers, *arguments])
    if isinstance(result.exception, TierwiseError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_everything_that_is_left_out_is_told(folder: Path) -> None:
    said = run(folder, "--from", "openai", str(folder / "log.jsonl"))
    assert "Read 5 records: 3 LLM calls, 0 other spans, 0 verdicts, 2 malformed." in said
    assert "skipped 1: model 'gpt-9-ultra' is in no tier" in said
    assert '# no list price: "gpt-9-ultra"' in said
    assert "2 new step(s), 0 changed, 0 there already" in said
    kept = (folder / "steps.jsonl.quarantine.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["line_number"] for line in kept.splitlines()] == [2, 4]


def test_a_second_import_adds_nothing(folder: Path) -> None:
    run(folder, "--from", "openai", str(folder / "log.jsonl"))
    before = (folder / "steps.jsonl").read_bytes()
    assert "0 new step(s), 0 changed, 2 there already" in run(folder, "--from", "openai", str(folder / "log.jsonl"))
    assert (folder / "steps.jsonl").read_bytes() == before


def test_the_services_own_log_is_imported_and_late_outcomes_renew_it(folder: Path) -> None:
    url = f"sqlite:///{folder / 'decisions.db'}"
    decision = Decision("small", "rules", "v1", Reason("rules", "because"))
    with DecisionLog.open(url) as log:
        log.record_decisions([DecisionRecord("d-1", Step(text="Do it."), decision, 1_764_000_000.25)])
        assert "1 new step(s)" in run(folder, "--from", "tierwise", url)
        log.record_outcomes([Outcome("d-1", Attempt("small", success=True))])
        assert "0 new step(s), 1 changed" in run(folder, "--from", "tierwise", url)
    (step,) = load_step_logs([folder / "steps.jsonl"]).steps
    assert [attempt.success for attempt in step.attempts] == [True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "excel", "x"], "--from excel is no format; known are openai, otlp"),
        (["--from", "openai", "nothere.jsonl"], "No such file"),
        (["--from", "csv", "log.jsonl"], "CSV needs --map"),
        (["--from", "otlp", "log.jsonl"], "no step could be imported"),
    ],
)
def test_wrong_use_is_refused_with_one_clear_line(
    arguments: list[str], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(TierwiseError, match=message):
        run(folder, *arguments)
    assert not (folder / "steps.jsonl").exists()
