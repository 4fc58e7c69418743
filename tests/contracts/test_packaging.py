"""What setup.py and pyproject.toml say about packages, data files and versions is what the folders hold."""

import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement

import tierwise
from tierwise.data.program.version import VERSION

FOLDERS = ("agents", "data", "features", "router_model", "serving", "training")
PINNED_EXTRAS = ("agents", "serve", "train", "encoders", "browser", "dev")


def test_every_folder_with_an_init_is_found_as_a_package(tracked: list[str], packages: dict[str, str]) -> None:
    """A layer that is forgotten vanishes from the wheel without a word."""
    inits = [PurePosixPath(path).parent for path in tracked if path.endswith("/__init__.py")]
    found = {str(folder) for folder in inits if folder.parts[0] in (*FOLDERS, "tierwise")}
    assert found == set(packages.values())


def test_package_names_follow_the_folders(packages: dict[str, str]) -> None:
    for name, folder in packages.items():
        dotted = folder.replace("/", ".")
        assert name == (dotted if folder.split("/")[0] == "tierwise" else f"tierwise.{dotted}")


def test_every_layer_is_typed_and_linked(tracked: list[str], root: Path) -> None:
    listed = ["git", "ls-files", "--stage", "tierwise"]
    stages = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    links = {line.split("\t")[1] for line in stages if line.startswith("120000 ")}
    assert links == {f"tierwise/{folder}" for folder in FOLDERS}
    for folder in FOLDERS:
        assert os.readlink(root / "tierwise" / folder) == f"../{folder}"
        assert f"{folder}/py.typed" in tracked


def test_every_file_of_a_package_is_shipped(
    tracked: list[str], packages: dict[str, str], pyproject: dict[str, Any]
) -> None:
    """Modules by their package, everything else, and modules that are read as files, by ``package-data``."""
    patterns = pyproject["tool"]["setuptools"]["package-data"]
    shipped = {path for path in tracked if path.endswith(".py") and os.path.dirname(path) in packages.values()}
    for name, folder in packages.items():
        for path in tracked:
            inside = path.removeprefix(f"{folder}/")
            if inside != path and any(fnmatch(inside, glob) for glob in [*patterns["*"], *patterns.get(name, [])]):
                shipped.add(path)
    wanted = {path for path in tracked if path.split("/")[0] in FOLDERS and not path.endswith(".md")}
    assert sorted(wanted - shipped) == []


def test_nothing_outside_the_packages_is_shipped(packages: dict[str, str]) -> None:
    assert {folder.split("/")[0] for folder in packages.values()} == {"tierwise", *FOLDERS}


def test_mlflow_holds_no_python_and_does_not_shadow_mlflow(tracked: list[str], root: Path) -> None:
    assert [path for path in tracked if path.startswith("mlflow/") and path.endswith((".py", ".pyi"))] == []
    script = "import importlib.util as u; print(u.find_spec('mlflow').origin)"
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip().endswith(os.path.join("mlflow", "__init__.py"))
    assert not Path(run.stdout.strip()).is_relative_to(root / "mlflow")


def pins(root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r"([a-z0-9-]+)==([0-9][\w.]*)(?: ; .+)?", line)
            assert match, f"constraints.txt holds {line!r}; only name==version is allowed"
            found.setdefault(match[1], []).append(match[2])
    return found


def test_every_requirement_is_pinned_to_a_version_that_it_allows(root: Path, pyproject: dict[str, Any]) -> None:
    project, pinned = pyproject["project"], pins(root)
    texts = [*project["dependencies"], *(r for extra in PINNED_EXTRAS for r in project["optional-dependencies"][extra])]
    for requirement in map(Requirement, texts):
        if requirement.name not in ("tierwise", "torch"):
            assert requirement.name in pinned, f"{requirement.name} is not in constraints.txt; run: make constraints"
            assert all(version in requirement.specifier for version in pinned[requirement.name])


def test_the_base_install_is_small(pyproject: dict[str, Any]) -> None:
    names = {Requirement(text).name for text in pyproject["project"]["dependencies"]}
    assert names == {"genai-prices", "httpx2", "numpy", "onnxruntime", "pydantic", "tokenizers", "typer"}
    extras = pyproject["project"]["optional-dependencies"]
    with_torch = {name for name, texts in extras.items() if any(Requirement(text).name == "torch" for text in texts)}
    assert with_torch == {"encoders"}


def test_there_is_one_version(pyproject: dict[str, Any]) -> None:
    assert tierwise.__version__ == VERSION == pyproject["project"]["version"]
