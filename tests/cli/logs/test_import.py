"""``tierwise import`` from a person's side: the account, the files it leaves, and what it refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tierwise.cli import app
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.errors import TierwiseError
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step
from tierwise.data.samples import sample_log_path, sample_tiers_path
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


def test_a_check_shows_what_would_come_and_writes_nothing(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    said = RUN.invoke(
        app,
        ["import", "--check", "--from", "openai", "--tiers", str(folder / "tiers.toml"), str(folder / "log.jsonl")],
    )
    assert said.exit_code == 0, said.output
    assert "Imported 2 steps with 2 attempts; success is known for 0." in said.output
    assert "user: Question 1?" in said.output
    assert "small (gpt-4o-mini): success unknown" in said.output
    assert "malformed: " in said.output
    assert '# no list price: "gpt-9-ultra"' in said.output
    assert said.output.rstrip().endswith("Nothing was written. Run again with --out and without --check to import.")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_check_shows_three_steps_of_as_many_kinds_of_evidence(folder: Path) -> None:
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    rows = [pair(n) for n in range(1, 9)]
    request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "As JSON?"}], "response_format": schema}
    answer = {"id": "c-9", "model": "gpt-4o-mini", "choices": [{"message": {"content": "No."}}]}
    rows.append(json.dumps({"request": request, "response": answer}))
    (folder / "many.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = run(folder, "--check", "--from", "openai", str(folder / "many.jsonl"))
    assert said.count("step openai-") == 3
    assert said.index("failed by schema") < said.index("success unknown")
    assert "failed: schema: 1 attempt(s)" in said
    assert not (folder / "steps.jsonl").exists()


def test_an_import_without_a_place_to_write_says_what_to_do(folder: Path) -> None:
    said = RUN.invoke(app, ["import", "--from", "openai", str(folder / "log.jsonl")])
    assert isinstance(said.exception, TierwiseError)
    assert "--out is missing" in str(said.exception)


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


def test_without_tiers_a_proposal_is_written_that_can_be_passed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "log.jsonl").write_text(f"{pair(1)}\n{pair(2, 'gpt-4o-2024-08-06')}\n{pair(3, 'gpt-4o')}\n")
    arguments = ["import", "--from", "openai", "log.jsonl", "--out", "steps.jsonl"]
    assert "import with --tiers steps.jsonl.tiers.toml" in RUN.invoke(app, arguments).output
    said = RUN.invoke(app, [*arguments, "--tiers", "steps.jsonl.tiers.toml"]).output
    assert "3 new step(s)" in said
    assert (folder / "steps.jsonl.tiers.toml").read_text().count("gpt-4o") == 2  # gpt-4o-mini, and one for all dates


@pytest.mark.slow
def test_an_imported_log_trains_a_router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table made of the sample log: one random attempt a step, its verdict in a column."""
    import csv
    import gzip
    import random

    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    lines = gzip.decompress(sample_log_path().read_bytes()).decode().splitlines()[:400]
    verdicts = []
    with open("log.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "prompt", "llm", "chat", "ok", "in", "out", "agent"])
        for row in (json.loads(line) for line in lines):
            tried = rng.choice(row["attempts"])
            verdicts.append(tried["success"])
            tokens = tried["input_tokens"], tried["output_tokens"]
            cells = [row["step_id"], row["step"]["text"], tried["model"], row["task_id"]]
            table.writerow([*cells, "yes" if tried["success"] else "no", *tokens, row["step"]["agent"]])
    Path("map.toml").write_text(
        '[csv]\nid = "id"\ntext = "prompt"\nmodel = "llm"\ntask_id = "chat"\ninput_tokens = "in"\n'
        'output_tokens = "out"\nagent = "agent"\n[success]\nok = { success = ["yes"], failure = ["no"] }\n',
        encoding="utf-8",
    )
    Path("train.toml").write_text("[booster]\nn_rounds = 30\n", encoding="utf-8")
    tiers = f"--tiers {sample_tiers_path()}"
    imported = RUN.invoke(app, f"import --from csv log.csv --map map.toml --out steps.jsonl {tiers}")
    assert "400 new step(s)" in imported.output, imported.output
    steps = load_step_logs(["steps.jsonl"]).steps
    assert sorted(bool(step.attempts[0].success) for step in steps) == sorted(verdicts)
    trained = RUN.invoke(app, f"train --log steps.jsonl --out bundle --config train.toml --no-track {tiers}")
    assert trained.exit_code == 0, trained.output
    assert "Learned from 400 steps" in trained.output
    taxed = RUN.invoke(app, "tax --log steps.jsonl --bundle bundle")
    assert "expected by the router" in taxed.output, taxed.output


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


def test_a_map_that_fits_nothing_is_told(folder: Path) -> None:
    rules = '[success]\n"quality" = { at_least = 0.5 }\n[models]\n"gpt-5-*" = "frontier"\n"gpt-4o*" = "small"\n'
    (folder / "map.toml").write_text(rules, encoding="utf-8")
    said = run(folder, "--from", "openai", str(folder / "log.jsonl"), "--map", str(folder / "map.toml"))
    assert '[success] "quality" of the map decided nothing' in said
    assert '[models] "gpt-5-*" of the map fitted no model of the log; it has gpt-4o-mini' in said
    assert '"gpt-4o*" of the map' not in said


def test_answers_stay_with_their_attempts_unless_told_not_to(folder: Path) -> None:
    run(folder, "--from", "openai", str(folder / "log.jsonl"))
    lines = [json.loads(line) for line in (folder / "steps.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["attempts"][0]["output"] for line in lines] == ["Yes.", "Yes."]
    (folder / "steps.jsonl").unlink()
    run(folder, "--from", "openai", str(folder / "log.jsonl"), "--no-answers")
    assert "output" not in (folder / "steps.jsonl").read_text(encoding="utf-8")
