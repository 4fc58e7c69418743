"""Imports go down only, and one import name is the only one."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_import_linter_finds_every_contract_kept(root: Path) -> None:
    script = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def ruff(root: Path, snippet: str) -> str:
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "training/snippet.py", "-"]
    return subprocess.run(command, cwd=root, input=snippet, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("folder", ["agents", "data", "features", "router_model", "serving", "training"])
def test_importing_a_folder_by_its_own_name_is_refused(folder: str, root: Path) -> None:
    """Two import paths would make two ``Step`` classes."""
    for snippet in (f"import {folder}\n", f"from {folder} import records\n", f"from {folder}.records import Step\n"):
        assert "TID251" in ruff(root, snippet)
    assert "TID251" not in ruff(root, f"from tierwise.{folder} import records\n")


def test_relative_imports_are_refused(root: Path) -> None:
    assert "TID252" in ruff(root, "from . import records\n")


@pytest.mark.parametrize(
    "module", ["tierwise.data.records", "tierwise.features.lexical", "tierwise.router_model.rules"]
)
def test_deciding_loads_none_of_the_tools_for_learning_and_serving(module: str, root: Path) -> None:
    heavy = [
        "torch",
        "lightgbm",
        "mlflow",
        "fastapi",
        "sqlalchemy",
        "sklearn",
        "scipy",
        "pyarrow",
        "pandas",
        "pydantic",
    ]
    script = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
