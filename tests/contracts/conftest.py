"""What the contract tests look at: the checkout, the files that git tracks, pyproject.toml and setup.py."""

import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
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
def packages(root: Path) -> dict[str, str]:
    """The folder of every package that ``setup.py`` finds, by import name."""
    arguments: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "setuptools", SimpleNamespace(setup=arguments.update))
        runpy.run_path(str(root / "setup.py"))
    names, folders = arguments["packages"], arguments["package_dir"]
    layers = {name: ".".join(name.split(".")[:2]) for name in names}
    return {
        name: (folders.get(layers[name], layers[name]) + name.removeprefix(layers[name])).replace(".", "/")
        for name in names
    }
