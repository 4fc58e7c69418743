"""Wrong use: exit code 2 and one line that names what was wrong; what was there before stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STEP = '{"step_id": "s", "step": {"text": "a"}}'


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log of one step, an empty one, a broken one, and a folder that is no bundle."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.jsonl").write_text(STEP)
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "broken.jsonl").write_text("{\n[]")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    (tmp_path / "train.toml").write_text('n_folds = "five"')
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train --log nothere.jsonl --out B", "nothere.jsonl: No such file or directory"),
        ("train --log folder --out B", "folder: no log in this folder"),
        ("train --log log.jsonl --out B --engine dask", "needs the address of its scheduler"),
        ("train --log nothere.jsonl --out file", "file is a file; name a new or empty folder for the bundle"),
        ("train --log nothere.jsonl --out .", ". holds other files and is no bundle; name a new or empty folder"),
        ("train --log empty.jsonl --out B", "empty.jsonl: no step could be read"),
        (
            "train --log broken.jsonl --out B",
            "no step could be read; the first malformed line: broken.jsonl:1: not JSON",
        ),
        ("train --log log.jsonl --out B --no-track", "0 of 1 steps have a known outcome; at least 60"),
        ("train --log log.jsonl --out B --tiers nothere.toml", "nothere.toml: no such file"),
        ("train --log log.jsonl --out B --config nothere.toml", "nothere.toml: "),
        ("train --log log.jsonl --out B --config train.toml", "n_folds is 'five'; a whole number is needed"),
        ("train --log sqlite:///nothere/x.db --out B", "there is no decision log at nothere/x.db"),
        ("export --log sqlite:///x.db --out E", "there is no decision log at x.db; name the file"),
        ("evaluate --bundle {bundle} --log sqlite:///x.db", "there is no decision log at x.db; name the file"),
        ("decide --bundle folder --steps log.jsonl --out D", "folder is no bundle: it has no manifest.json"),
        ("decide --bundle {bundle} --steps nothere.jsonl --out D", "nothere.jsonl: No such file or directory"),
        ("decide --bundle {bundle} --steps sqlite:///x.db --out D", "tierwise import DATABASE-URL --from tierwise"),
        ("decide --bundle {bundle} --steps log.jsonl --out folder", "folder: Is a directory"),
        ("decide --bundle {bundle} --steps log.jsonl --out file/x/D", "file"),
        ("decide --bundle {bundle} --steps log.jsonl --out log.jsonl", "log.jsonl is read as steps; write elsewhere"),
        (
            "decide --bundle {bundle} --steps log.jsonl --out D --max-quality-loss 7",
            "max_quality_loss: is 7.0; a share",
        ),
        ("decide --bundle {bundle} --steps log.jsonl --out D --max-quality-loss nan", "max_quality_loss: is nan"),
        ("evaluate --bundle {bundle} --log empty.jsonl", "empty.jsonl: no step could be read"),
        ("evaluate --bundle nothere --log log.jsonl", "nothere is no bundle"),
        ("explain --bundle {bundle}", "--step: is missing; give a step as JSON, or --log and --step-id"),
        ("explain --bundle {bundle} --log log.jsonl --step-id t", "--step-id: 't' is not in log.jsonl"),
        ("explain --bundle {bundle} --log nothere.jsonl --step-id t", "nothere.jsonl: No such file"),
        ("explain --bundle {bundle} --step {{}}", "step: has neither text nor messages"),
        ("serve --log-url foo://x", "a decision log cannot live on 'foo'"),
        ("serve --log-url nonsense", "the decision log's address is not a URL; write sqlite:///"),
        ("serve --bundle nothere", "bundle: there is no folder nothere; name one that tierwise train wrote"),
        ("experiment start e --share 7", "--share is 7; a share of the tasks from 0 to 1 is needed"),
        ("experiment start e --exploration 7", "exploration is 7"),
        ("experiment status e --settle soon", "--settle is 'soon'; write a span such as"),
        ("experiment status e --settle 0s", "the decision log has no experiment 'e'"),
    ],
)
def test_it_is_told_in_one_line(
    arguments: str, message: str, tierwise: Callable[..., Any], bundle_folder: Path
) -> None:
    ran = tierwise(*arguments.format(bundle=bundle_folder).split())
    assert ran.code == 2
    last = ran.err.splitlines()[-1]
    assert last.startswith("tierwise: ")
    assert message in last


@pytest.mark.parametrize("arguments", ["", "decide", "train --log x", "fly", "train --log x --out y --tune -1"])
def test_unknown_and_missing_arguments_are_explained(arguments: str, tierwise: Callable[..., Any]) -> None:
    ran = tierwise(*arguments.split())
    assert ran.code == 2
    assert "Usage: tierwise" in ran.err + ran.out


@pytest.mark.slow
def test_decisions_that_were_there_stay_where_something_is_missing(
    tierwise: Callable[..., Any], bundle_folder: Path, place: Path
) -> None:
    (place / "D").write_text("old")
    for steps in (["nothere.jsonl"], ["log.jsonl", "--steps", "nothere.jsonl"]):
        assert tierwise("decide", "--bundle", bundle_folder, "--steps", *steps, "--out", "D").code == 2
        assert (place / "D").read_text() == "old"
    assert not list(place.glob("*.part"))


@pytest.mark.slow
def test_decisions_never_write_over_the_log_they_read(
    tierwise: Callable[..., Any], bundle_folder: Path, place: Path
) -> None:
    for out in ("log.jsonl", "./folder/../log.jsonl"):
        assert tierwise("decide", "--bundle", bundle_folder, "--steps", "log.jsonl", "--out", out).code == 2
        assert (place / "log.jsonl").read_text() == STEP


@pytest.mark.slow
def test_a_full_disk_is_a_failure_not_wrong_use(tierwise: Callable[..., Any], bundle_folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("only Linux has a device that is always full")
    ran = tierwise("decide", "--bundle", bundle_folder, "--steps", "log.jsonl", "--out", "/dev/full")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "tierwise: No space left on device"


@pytest.mark.slow
def test_folders_for_results_are_made(tierwise: Callable[..., Any], bundle_folder: Path, place: Path) -> None:
    assert tierwise("decide", "--bundle", bundle_folder, "--steps", "log.jsonl", "--out", "new/deep/D").code == 0
    assert json.loads((place / "new/deep/D").read_text())["step_id"] == "s"


def test_a_log_of_no_steps_gives_no_decisions(tierwise: Callable[..., Any], bundle_folder: Path, place: Path) -> None:
    ran = tierwise("decide", "--bundle", bundle_folder, "--steps", "empty.jsonl", "--out", "D")
    assert ran.code == 0
    assert (place / "D").read_text() == ""
    assert "0 decisions of router" in ran.err
