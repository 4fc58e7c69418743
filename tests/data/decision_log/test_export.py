"""The log as Parquet by day: complete, only what changed, whole files or none, on any file system of fsspec."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import fsspec
import pyarrow.dataset
import pytest

from tests.data.decision_log.conftest import NOW
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.decision_log.export import ExportFolder
from tierwise.data.decision_log.views.days import all_dates
from tierwise.data.errors import LogError
from tierwise.data.records import Outcome
from tierwise.data.step_log import load_step_logs

DAY = 86_400.0
MakeRecord = Callable[..., DecisionRecord]
MakeOutcome = Callable[..., Outcome]


def export(log: DecisionLog, address: str, since: float = 0.0, may_shrink: bool = False) -> dict[str, str]:
    """What became of each day."""
    dates = log.ask(lambda connection: all_dates(connection, since))
    return {str(day.date): day.fate for day in ExportFolder(address).bring(log, dates, may_shrink)}


@pytest.fixture
def filled(log: DecisionLog, record: MakeRecord, outcome: MakeOutcome) -> DecisionLog:
    """1,203 decisions on three days (15 January 2027 and before), a gap of a year among them, each with an outcome."""
    ages = (0.0, 0.0, DAY, 366 * DAY)
    names = [f"d-{i:04d}" for i in range(1203)]
    log.record_decisions([record(name, created_at=NOW - ages[i % 4] - i) for i, name in enumerate(names)])
    log.record_outcomes([outcome(name) for name in names])
    return log


@pytest.mark.slow
def test_every_step_is_in_the_file_of_its_day(filled: DecisionLog, tmp_path: Path) -> None:
    fates = export(filled, str(tmp_path / "out"))
    assert fates == {"2026-01-14": "written", "2027-01-14": "written", "2027-01-15": "written"}
    files = sorted((tmp_path / "out").glob("date=*/*.parquet"))
    assert [file.parent.name for file in files] == [f"date={name}" for name in fates]
    assert load_step_logs(files).steps == tuple(filled.logged_steps())


@pytest.mark.slow
def test_other_tools_read_the_folder_as_one_table_by_date(filled: DecisionLog, tmp_path: Path) -> None:
    export(filled, str(tmp_path / "out"))
    table = pyarrow.dataset.dataset(tmp_path / "out", partitioning="hive").to_table(columns=["step_id", "date"])
    assert table.num_rows == 1203
    assert set(table["date"].to_pylist()) == {"2026-01-14", "2027-01-14", "2027-01-15"}


@pytest.mark.slow
def test_a_second_export_writes_only_days_that_changed(
    filled: DecisionLog, record: MakeRecord, outcome: MakeOutcome, tmp_path: Path
) -> None:
    export(filled, str(tmp_path))
    assert set(export(filled, str(tmp_path)).values()) == {"unchanged"}
    filled.record_outcomes([outcome("d-0002", "frontier", False)])  # a late one, of the day before
    filled.record_decisions([record("new", created_at=NOW + DAY)])
    fates = export(filled, str(tmp_path))
    assert {date for date, fate in fates.items() if fate == "written"} == {"2027-01-14", "2027-01-16"}
    files = sorted(tmp_path.glob("date=*/*.parquet"))
    assert load_step_logs(files).steps == tuple(filled.logged_steps())


@pytest.mark.slow
def test_an_export_starts_at_a_day(filled: DecisionLog, tmp_path: Path) -> None:
    assert set(export(filled, str(tmp_path), since=NOW - 2 * DAY)) == {"2027-01-14", "2027-01-15"}


@pytest.mark.slow
def test_what_the_log_no_longer_holds_stays_exported_unless_asked(filled: DecisionLog, tmp_path: Path) -> None:
    export(filled, str(tmp_path))
    filled.prune(NOW - 600)
    assert export(filled, str(tmp_path)) == {"2027-01-15": "kept"}
    n_before = sum(1 for _ in load_step_logs(sorted(tmp_path.glob("date=*/*.parquet"))).steps)
    assert n_before == 1203
    assert export(filled, str(tmp_path), may_shrink=True) == {"2027-01-15": "written"}
    (file,) = tmp_path.glob("date=2027-01-15/*.parquet")
    assert load_step_logs([file]).steps == tuple(filled.logged_steps())


@pytest.mark.slow
def test_an_export_that_breaks_off_leaves_no_half_file_and_goes_on_later(
    filled: DecisionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"memory://{uuid4().hex}"
    dates = filled.ask(lambda connection: all_dates(connection, 0.0))
    exporting = ExportFolder(address).bring(filled, dates)
    assert next(exporting).fate == "written"
    monkeypatch.setattr(DecisionLog, "logged_steps", _broken)
    with pytest.raises(LogError, match="gone"):
        next(exporting)
    monkeypatch.undo()
    files = fsspec.filesystem("memory")
    assert len(files.glob(f"{address}/date=*/*.parquet")) == 1
    assert list(export(filled, address).values()) == ["unchanged", "written", "written"]
    for path in files.glob(f"{address}/date=*/*.parquet"):
        target = tmp_path / path.split("date=")[1].replace("/", "-")
        files.get(path, str(target))
    read = load_step_logs(sorted(tmp_path.glob("*.parquet"))).steps
    assert read == tuple(filled.logged_steps())


def test_an_address_that_no_file_system_knows_is_refused() -> None:
    with pytest.raises(LogError, match="nowhere://x"):
        ExportFolder("nowhere://x")


def test_a_file_of_another_kind_in_the_way_is_refused(filled: DecisionLog, tmp_path: Path) -> None:
    (tmp_path / "date=2026-01-14").mkdir()
    (tmp_path / "date=2026-01-14" / "steps.parquet").write_text("no Parquet")
    with pytest.raises(LogError, match="no Parquet is in the way"):
        export(filled, str(tmp_path))


def _broken(*_: object, **__: object) -> object:
    raise ConnectionError("gone")
