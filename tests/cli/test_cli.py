"""The commands, end to end on a part of the sample log: train, decide, evaluate, explain, and what they refuse."""

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tierwise import DecideOptions, Router, Step
from tierwise.cli import app
from tierwise.data.errors import TierwiseError
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.router_model.bundle import BundleError

RUN = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle trained on 400 sample steps, with two broken lines among them."""
    folder = tmp_path_factory.mktemp("cli")
    lines = gzip.decompress(sample_log_path().read_bytes()).decode().splitlines()[:400]
    lines[10:10] = ["{broken", '{"step_id": "x", "step": {"text": "t"}, "attempts": [{"tier": "huge"}]}']
    (folder / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "train.toml").write_text("n_folds = 3\nn_repeats = 1\n[booster]\nn_rounds = 40\n")
    result = RUN.invoke(
        app,
        f"train --log {folder}/log.jsonl --out {folder}/bundle --no-track --tiers {sample_tiers_path()} "
        f"--config {folder}/train.toml",
    )
    assert result.exit_code == 0, result.output
    return folder


def decisions(folder: Path, steps: Path) -> str:
    out = folder / "decisions.jsonl"
    arguments = ["decide", "--bundle", str(folder / "bundle"), "--steps", str(steps), "--out", str(out)]
    assert RUN.invoke(app, arguments).exit_code == 0
    return out.read_text()


@pytest.mark.slow
def test_broken_lines_are_kept_with_their_numbers(folder: Path) -> None:
    kept = [json.loads(line) for line in (folder / "bundle.quarantine.jsonl").read_text().splitlines()]
    assert [line["line_number"] for line in kept] == [11, 12]
    assert "huge" in kept[1]["reason"]


@pytest.mark.slow
def test_decisions_do_not_depend_on_outcomes(folder: Path) -> None:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines() if line != "{broken"]
    bare = folder / "bare.jsonl"
    bare.write_text("\n".join(json.dumps({"step_id": r["step_id"], "step": r["step"]}) for r in rows))
    found = decisions(folder, bare)
    assert found == decisions(folder, folder / "log.jsonl")
    first = json.loads(found.splitlines()[0])
    assert {"step_id", "tier", "p_success", "expected_cost_usd", "reason"} <= first.keys()
    assert list(first["p_success"]) == ["small", "mid", "frontier"]


@pytest.mark.slow
def test_evaluate_and_explain_answer(folder: Path) -> None:
    arguments = ["evaluate", "--bundle", str(folder / "bundle"), "--log", str(folder / "log.jsonl")]
    shown = RUN.invoke(app, [*arguments, "--json", str(folder / "e.json")]).output
    for row in ("always-small", "best-mix", "small→frontier + verifier 80%", "learned + verifier 80%", "oracle"):
        assert row in shown
    assert "saved, a step" in shown
    assert "where all lose more, the one that loses least" in shown
    assert json.loads((folder / "e.json").read_text())["table"]
    explained = RUN.invoke(app, ["explain", "--bundle", str(folder / "bundle"), "--step", '{"text": "Hi"}'])
    assert "P(success)" in explained.output
    assert "The nearest logged steps: " in explained.output
    explained = RUN.invoke(app, ["explain", "--bundle", str(folder / "bundle"), "--step", '{"text": "Hi"}', "--json"])
    found = json.loads(explained.output)
    assert set(found["explanation_figures"]["nearest"][0]["success"]) == set(found["p_success"])
    effects = [abs(one["effect"]) for one in found["explanation_figures"]["contributions"]]
    assert effects == sorted(effects, reverse=True)


@pytest.mark.slow
def test_a_log_of_single_attempts_is_evaluated_off_policy_and_tracked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines() if line != "{broken"]
    rng = np.random.default_rng(0)
    for row in rows:
        row["attempts"] = [row["attempts"][rng.integers(len(row["attempts"]))]]
        row["decision"] = {"tier": row["attempts"][0]["tier"], "policy": "random", "propensity": 1 / 3}
    (tmp_path / "one.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    monkeypatch.chdir(tmp_path)
    arguments = ["evaluate", "--bundle", str(folder / "bundle"), "--log", "one.jsonl", "--json", "e.json", "--track"]
    result = RUN.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "Estimated off-policy" in result.output
    assert "Report logged to MLflow" in result.output
    assert "refused" in json.loads((tmp_path / "e.json").read_text())["full_information"]
    assert list((tmp_path / ".tierwise" / "artifacts").rglob("report.md"))


@pytest.mark.slow
def test_a_batch_decides_as_one_by_one_and_odd_steps_get_decisions(folder: Path) -> None:
    router = Router.load(folder / "bundle")
    steps = [Step(), Step(text="x" * 100_000), Step(text="😀 \ud800"), Step(text="שלום", task_type="extract")]
    assert router.decide_many(steps) == [router.decide(step) for step in steps]
    options = DecideOptions(max_tier="mid", max_quality_loss=1.0)
    assert all(router.decide(step, options).tier in ("small", "mid") for step in steps)


@pytest.mark.slow
def test_a_tampered_bundle_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    copy.mkdir()
    for path in (folder / "bundle").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "policy.json").write_bytes((copy / "policy.json").read_bytes() + b" ")
    with pytest.raises(BundleError, match=r"policy\.json does not have the digest"):
        Router.load(copy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--log", "nothere.jsonl", "--out", "B"], "No such file"),
        (["decide", "--bundle", "nothere", "--steps", "x", "--out", "y"], "is no bundle"),
    ],
)
def test_bad_input_is_refused_with_one_clear_line(arguments: list[str], message: str) -> None:
    result = RUN.invoke(app, arguments)
    assert isinstance(result.exception, TierwiseError)
    assert message in str(result.exception)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_training_says_so_in_a_line_and_leaves_nothing(tmp_path: Path) -> None:
    script = "\n".join(
        [
            "import signal",
            "from tierwise.cli import main",
            "signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background",
            "main()",
        ]
    )
    arguments = ["train", "--log", str(sample_log_path()), "--out", "bundle", "--no-track"]
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Read 1846 steps")
        process.send_signal(signal.SIGINT)
        told = process.stderr.read().splitlines()
    assert (process.returncode, told[-1]) == (130, "tierwise: interrupted")
    assert not any("Traceback" in line for line in told)
    assert list(tmp_path.iterdir()) == []
