"""``tierwise tax`` from a person's side."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tierwise.cli import app
from tierwise.data.errors import TierwiseError
from tierwise.data.samples import sample_log_path, sample_tiers_path

RUN = CliRunner()
SAMPLE = ["tax", "--log", str(sample_log_path()), "--tiers", str(sample_tiers_path())]
PRICES = {"small": 0.1, "mid": 1.0, "frontier": 10.0}


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """Everything went to frontier; two steps were tried on small as well."""
    rows = [
        {"step_id": f"s-{n}", "step": {"text": "x", "agent": "billing"}, "timestamp": f"2026-11-{n + 1:02}T00:00:00Z",
         "attempts": [{"tier": "small", "success": n % 2 == 1, "cost_usd": 0.01}] * (n < 2)
         + [{"tier": "frontier", "success": True, "cost_usd": 1.0, "input_tokens": 1000, "output_tokens": 10}]}
        for n in range(10)
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    tiers = [
        f'[[tiers]]\nname = "{name}"\n[[tiers.models]]\nname = "{name}"\n'
        f"input_usd_per_mtok = {usd}\noutput_usd_per_mtok = {usd}\n"
        for name, usd in PRICES.items()
    ]
    (tmp_path / "tiers.toml").write_text("".join(tiers), encoding="utf-8")
    return tmp_path


def run(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    result = RUN.invoke(app, arguments)
    if isinstance(result.exception, TierwiseError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.slow
def test_the_sample_log_is_known_through_and_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run([*SAMPLE, "--as-if", "frontier", "--top", "3"], tmp_path, monkeypatch)
    assert "Frontier tax of 1,846 steps, as if all had run on frontier" in said
    assert "of what was paid        65%" in said
    assert "by agent" in said
    assert "… and" in said
    assert "simulated attempts" in said
    assert "hence the ranges" not in said


@pytest.mark.slow
def test_a_collected_log_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--as-if TIER shows what it would have been" in run(SAMPLE, tmp_path, monkeypatch)


def test_ranges_months_and_users_are_told_with_their_assumptions(
    production: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["tax", "--log", "log.jsonl", "--tiers", "tiers.toml", "--steps-per-user", "2", "--daily-users", "500"]
    said = run(arguments, production, monkeypatch)
    assert "known for 1 of 10 steps" in said
    assert "a month: $33.89 paid, $3.42 to $33.85 tax" in said
    assert "the 9.0 days of the log are like every day" in said
    assert "500 daily users, a month: $30,498 paid" in said
    assert "2 steps a user and day" in said


def test_every_figure_can_be_had_as_json(production: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["tax", "--log", "log.jsonl", "--tiers", "tiers.toml", "--json"]
    run([*arguments, "tax.json"], production, monkeypatch)
    written = json.loads((production / "tax.json").read_text(encoding="utf-8"))
    assert written["total"]["n_steps"] == 10
    assert written["total"]["tax_usd"]["low"] == pytest.approx(0.01 + 1.0)  # the failed try, and the needless frontier
    assert [projection["name"] for projection in written["projections"]] == ["a month", "100,000 daily users, a month"]
    assert json.loads(run([*arguments, "-"], production, monkeypatch)) == written


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--log", "nothere.jsonl"], "No such file"),
        (["--log", "log.jsonl", "--tiers", "tiers.toml", "--as-if", "huge"], "tier 'huge' is not in the catalogue"),
        (["--log", "log.jsonl"], "tier 'mid' has neither a price nor a logged cost"),
        (["--log", "log.jsonl", "--bundle", "nothere"], "is no bundle"),
    ],
)
def test_bad_input_is_refused_with_one_clear_line(
    arguments: list[str], message: str, production: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TierwiseError, match=message):
        run(["tax", *arguments], production, monkeypatch)
