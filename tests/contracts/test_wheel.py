"""What `pip install .` gives: everything that deciding needs, and nothing that only learning or serving needs."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.certificates import environment_with_certificates

pytestmark = pytest.mark.slow

NEEDS_AN_EXTRA = ("tierwise.agents.adapters", "tierwise.serving", "tierwise.training", "tierwise.data.decision_log")
HEAVY = ("torch", "lightgbm", "mlflow", "fastapi", "sqlalchemy", "scikit-learn", "scipy", "pyarrow", "pandas", "onnx")

IMPORT_ALL = """
import importlib, json, sys
failed = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps(failed))
"""

DECIDE = """
import numpy as np
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Step
from tierwise.features.encoders import load_encoder
from tierwise.router_model.rules import RulesRouter
assert RulesRouter(TierCatalogue.load()).decide(Step("Total?", task_type="extract")).tier == "small"
vectors = load_encoder().encode(["Extract the total.", ""])
assert vectors.shape[0] == 2 and np.isfinite(vectors).all()
"""


def run(*command: str | Path, cwd: Path) -> str:
    words, environment = [str(part) for part in command], environment_with_certificates()
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fresh_python(folder: Path) -> Path:
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


@pytest.fixture(scope="module")
def wheel(root: Path, tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, built from the tracked files alone, without symbolic links."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked:
        if not (root / path).is_symlink():
            (folder / "source" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, folder / "source" / path)
    python = fresh_python(folder / "builder")
    run(python, "-m", "pip", "install", "--quiet", "build", cwd=folder)
    run(python, "-m", "build", "--outdir", folder / "dist", folder / "source", cwd=folder)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def base_python(wheel: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with nothing but the wheel and what it requires."""
    python = fresh_python(tmp_path_factory.mktemp("base") / "environment")
    run(python, "-m", "pip", "install", "--quiet", "--constraint", root / "constraints.txt", wheel, cwd=python.parent)
    return python


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A user's working folder, with packages of the same names as our folders."""
    for name in ("data", "features", "training", "mlflow"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong package')\n", encoding="utf-8")
    return tmp_path


def test_the_wheel_holds_every_file_of_every_package_and_no_other(
    wheel: Path, tracked: list[str], packages: dict[str, str]
) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    folders = {folder.split("/")[0] for folder in packages.values()} - {"tierwise"}
    wanted = {f"tierwise/{path}" for path in tracked if path.split("/")[0] in folders and not path.endswith(".md")}
    wanted |= {path for path in tracked if path.startswith("tierwise/") and path.split("/")[1] not in folders}
    assert {name for name in held if not name.endswith(".md")} == wanted


def test_the_base_install_has_none_of_the_tools_for_learning_and_serving(base_python: Path, tmp_path: Path) -> None:
    listed = json.loads(run(base_python, "-m", "pip", "list", "--format", "json", cwd=tmp_path))
    installed = {entry["name"].lower() for entry in listed}
    assert "tierwise" in installed
    assert installed & set(HEAVY) == set()


def test_every_module_outside_the_extras_can_be_imported(
    base_python: Path, tracked: list[str], packages: dict[str, str], crowded: Path
) -> None:
    names = {folder: name for name, folder in packages.items()}
    files = [PurePosixPath(path) for path in tracked if path.endswith(".py") and not path.endswith("__main__.py")]
    modules = [f"{names[str(file.parent)]}.{file.stem}" for file in files if str(file.parent) in names]
    modules = sorted(name.removesuffix(".__init__") for name in modules)
    base = [name for name in modules if not name.startswith(NEEDS_AN_EXTRA)]
    assert len(base) > 20
    failed: dict[str, Any] = json.loads(run(base_python, "-c", IMPORT_ALL, json.dumps(base), cwd=crowded))
    assert failed == {}


def test_deciding_works_in_the_base_install(base_python: Path, crowded: Path) -> None:
    run(base_python, "-c", DECIDE, cwd=crowded)


def test_the_command_line_works_and_names_the_extra_that_is_missing(base_python: Path, crowded: Path) -> None:
    tierwise = base_python.with_name("tierwise")
    log = crowded / "log.jsonl"
    log.write_text('{"step_id": "s", "step": {"text": "hi"}, "attempts": []}\n', encoding="utf-8")
    assert run(tierwise, "--version", cwd=crowded).startswith("tierwise ")
    for extra, arguments in (("train", ["train", "--log", log, "--out", crowded / "out"]), ("serve", ["serve"])):
        command = [str(part) for part in (tierwise, *arguments)]
        done = subprocess.run(command, cwd=crowded, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert re.search(rf"pip install .*\[{extra}\]'", done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1
