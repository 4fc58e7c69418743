"""What the flywheel's commands refuse, in one clear line, and spans of time as people write them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tierwise.cli import app
from tierwise.cli.moments import parse_duration, parse_mark
from tierwise.data.errors import TierwiseError
from tierwise.data.samples import sample_log_path, sample_tiers_path

RUN = CliRunner()
pytestmark = pytest.mark.slow  # making an MLflow store takes seconds
LOG = ["--log", str(sample_log_path()), "--tiers", str(sample_tiers_path())]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with an empty MLflow store, which none of these tests fills."""
    folder = tmp_path_factory.mktemp("flywheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["promote", "--why", "x"], "'tierwise' has no challenger; make one with `tierwise retrain`"),
        (["rollback", "--why", "x"], "'tierwise' has no champion; there is nothing to roll back"),
        (["promote", "--why", "x", "--experiment", "e"], "'tierwise' has no challenger; name a --version"),
        (["retrain", *LOG, "--since", "yesterday"], "--since is 'yesterday'; write a date such as 2026-11-01"),
        (["retrain", *LOG, "--test-share", "2"], "test_share is 2.0; a share between 0 and 1"),
        (["retrain", *LOG, "--every", "often"], "--every is 'often'; write a span such as 30m"),
        (["retrain", *LOG, "--since", "2027-01-01"], "0 steps with a known outcome and 100 are needed; 1846 left out"),
        (["drift", *LOG, "--since", "2027-01-01"], "the current window has 0 steps; 30 are needed"),
    ],
)
def test_bad_input_is_refused_with_one_clear_line(arguments: list[str], message: str) -> None:
    result = RUN.invoke(app, arguments)
    assert isinstance(result.exception, TierwiseError)
    assert message in str(result.exception)


def test_drift_of_the_sample_log_is_told_and_written_for_prometheus(folder: Path) -> None:
    result = RUN.invoke(
        app, ["drift", *LOG, "--since", "2026-10-22", "--metrics", "drift.prom", "--json", "drift.json"]
    )
    assert result.exit_code == 0, result.output
    assert "has no champion and no --bundle is named" in result.output
    assert 'tierwise_drift{kind="mix",name="agent"}' in (folder / "drift.prom").read_text()
    assert '"n_current"' in (folder / "drift.json").read_text()


def test_spans_and_moments() -> None:
    assert parse_duration("1.5h", "--every") == 5400.0
    assert parse_mark("7d", 8 * 86_400.0) == 86_400.0
    assert parse_mark("1970-01-01T01:00:00+01:00", 0.0) == 0.0
    with pytest.raises(TierwiseError, match="--every is '0s'; a span above 0 is needed"):
        parse_duration("0s", "--every")
