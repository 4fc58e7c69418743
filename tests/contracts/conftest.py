"""What the contract tests look at: the checkout, the files that git tracks, and pyproject.toml."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

CODE_FOLDERS = ("tierwise", "agents", "data", "features", "router_model", "serving", "training")


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[str]:
    """Every file that git tracks and that is there, as paths from the root."""
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, text=True).stdout
    return [path for path in listed.split("\0") if path and ((root / path).exists() or (root / path).is_symlink())]


@pytest.fixture(scope="session")
def modules(root: Path, tracked: list[str]) -> list[Path]:
    """The tracked Python files of the packages, the tests, the benchmarks and the tools."""
    folders = (*CODE_FOLDERS, "tests", "benchmarks", "tools")
    return [root / path for path in tracked if path.endswith(".py") and path.split("/")[0] in folders]


@pytest.fixture(scope="session")
def pyproject(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def packages(pyproject: dict[str, Any]) -> dict[str, str]:
    """The folder of every listed package, by import name."""
    setuptools = pyproject["tool"]["setuptools"]
    return {name: setuptools["package-dir"].get(name, "") for name in setuptools["packages"]}
