"""Reading logs to learn from: files, folders and databases, and bad lines that stop nothing."""

import json
from pathlib import Path

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.draw import DrawnSteps, draw_steps
from tierwise.data.errors import LogError
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import Malformed, write_step_log
from tierwise.training.engines.local import LocalEngine
from tierwise.training.progress import silent_progress
from tierwise.training.reading import draw_logs


def drawn_from(sources: list[Path], catalogue: TierCatalogue, malformed: list[Malformed], n: int = 0) -> DrawnSteps:
    names = [str(source) for source in sources]
    return draw_logs(names, catalogue, n, LocalEngine(), silent_progress, malformed.extend)


def test_a_folder_of_parts_reads_like_one_log(
    tmp_path: Path, sample_steps: tuple[LoggedStep, ...], sample_catalogue: TierCatalogue
) -> None:
    """As an export leaves it: parts in folders by day, next to files that are no log."""
    for number, name in enumerate(["a.jsonl", "b.jsonl.gz", "day=1/c.parquet", "day=2/d.parquet"]):
        part = tmp_path / "log" / name
        part.parent.mkdir(parents=True, exist_ok=True)
        write_step_log(part, sample_steps[number * 25 : (number + 1) * 25])
    (tmp_path / "log" / "_SUCCESS").touch()
    malformed: list[Malformed] = []
    found = drawn_from([tmp_path / "log"], sample_catalogue, malformed, 30)
    assert not malformed
    assert found.fingerprint == draw_steps(sample_steps[:100], sample_catalogue.names, 0).fingerprint
    expected = draw_steps(sample_steps[:100], sample_catalogue.names, 30)
    assert [step.step_id for step in found.steps] == [step.step_id for step in expected.steps]


def test_bad_lines_come_out_with_the_file_they_stand_in(tmp_path: Path, catalogue: TierCatalogue) -> None:
    good = {"step_id": "good", "step": {"text": "hi"}, "attempts": [{"tier": "small", "success": True}]}
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(f"{json.dumps(good)}\nnot JSON\n", encoding="utf-8")
    malformed: list[Malformed] = []
    found = drawn_from([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], catalogue, malformed)
    assert found.n_read == 2
    assert [(Path(line.path).name, line.line_number) for line in malformed] == [("a.jsonl", 2), ("b.jsonl", 2)]


def test_a_folder_without_a_log_is_refused(tmp_path: Path, catalogue: TierCatalogue) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(LogError, match="no log in this folder"):
        drawn_from([tmp_path], catalogue, [])
