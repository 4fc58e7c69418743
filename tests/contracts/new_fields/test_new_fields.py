"""A new field of a step, an attempt or a decision is one line of ``data/records.py``, and gets everywhere by it.

The lines are added to a copy of that file alone; all else is this tree. On PostgreSQL too, where
TIERWISE_TEST_POSTGRES_URL names a server (tests/postgres.sh).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import new_database

URGENCY = 'urgency: Annotated[float | None, Spec(Words.NONE, "how soon it is needed", feature=Feature.NUMBER)] = None'
TENANT = 'tenant: Annotated[str | None, Spec(Words.NAME, "for whom", feature=Feature.IDENTITY)] = None'
REGION = 'region: Annotated[str | None, Spec(Words.NOTE, "where it ran")] = None'
BUDGET = 'budget_left_usd: Annotated[float | None, Spec(Words.NONE, "of the task")] = None'
NEW_FIELDS = {
    "    previous_error: Annotated[": (URGENCY, TENANT),
    "    finish_reason: Annotated[": (REGION,),
    "    experiment: Annotated[": (BUDGET,),
}
WALK = Path(__file__).with_name("walk.py")


@pytest.fixture(scope="module")
def edited_tree(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree by links, but for ``records.py`` with the new fields."""
    tree = tmp_path_factory.mktemp("edited")
    records = (root / "data" / "records.py").read_text(encoding="utf-8")
    for before, lines in NEW_FIELDS.items():
        assert records.count(before) == 1, f"records.py has no single line '{before}'"
        records = records.replace(before, "".join(f"    {line}\n" for line in lines) + before)
    for source, target in ((root / "tierwise", tree / "tierwise"), (root / "data", tree / "tierwise" / "data")):
        target.mkdir()
        for entry in source.iterdir():
            if entry.name not in ("data", "records.py", "__pycache__"):
                (target / entry.name).symlink_to(entry.resolve())
    (tree / "tierwise" / "data" / "records.py").write_text(records, encoding="utf-8")
    return tree


@pytest.fixture(params=["sqlite", "postgresql"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/decisions.db"
        return
    with new_database() as url:
        yield url


@pytest.mark.slow
def test_new_fields_get_from_the_request_to_the_explanation(edited_tree: Path, log_url: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(edited_tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, WALK, log_url, tmp_path]
    run = subprocess.run(command, env=environment, cwd=edited_tree, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3_000:]
