"""A checkout without symbolic links says so, instead of missing a module."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_checkout_without_links_says_so(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "tierwise"
    package.mkdir()
    (package / "__init__.py").write_bytes((root / "tierwise/__init__.py").read_bytes())
    for name in ("agents", "data", "router_model"):
        (package / name).write_text(f"../{name}")
    ran = subprocess.run(
        [sys.executable, "-S", "-c", "import tierwise"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "was checked out without symbolic links" in ran.stderr
    assert "pip install -e ." in ran.stderr


def test_an_installation_shows_how_far_it_is(root: Path) -> None:
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", "VENV=nowhere", "demo"]
    planned = subprocess.run(command, cwd=root, env=alone, capture_output=True, text=True, check=True).stdout
    (installs,) = [line for line in planned.splitlines() if "--editable '.[serve,train]'" in line]
    assert "pip" in installs
    assert "--quiet" not in installs
    assert planned.rstrip().endswith("tierwise demo")
