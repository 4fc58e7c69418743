"""Docs snippets run: Python everywhere is read, its imports are there; the quickstart runs as it stands."""

import ast
import importlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tierwise.data.errors import MissingExtraError

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SELF_CONTAINED = ("docs/concepts.md",)
QUICKSTART = "docs/quickstart.md"


@pytest.fixture(scope="module")
def snippets(root: Path, tracked: list[str]) -> list[tuple[str, str]]:
    """Every Python block of every page, with its page."""
    pages = [path for path in tracked if path.endswith(".md")]
    return [(path, code) for path in pages for code in PYTHON.findall((root / path).read_text(encoding="utf-8"))]


def test_every_python_snippet_is_python(snippets: list[tuple[str, str]]) -> None:
    assert len(snippets) > 3
    for path, code in snippets:
        compile(code, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_everything_that_a_snippet_imports_from_us_is_there(snippets: list[tuple[str, str]]) -> None:
    missing = []
    for path, code in snippets:
        tree = compile(code, path, "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tierwise":
                missing += [f"{path}: {name}" for name in absent(node)]
    assert missing == []


def absent(node: ast.ImportFrom) -> list[str]:
    try:
        module = importlib.import_module(str(node.module))
    except MissingExtraError:
        return []  # an adapter of a framework that is not installed here
    except ModuleNotFoundError as error:
        return [] if (error.name or "").split(".")[0] != "tierwise" else [str(node.module)]
    return [f"{node.module}.{alias.name}" for alias in node.names if not hasattr(module, alias.name)]


@pytest.mark.parametrize("path", SELF_CONTAINED)
def test_the_snippets_of_a_page_run(path: str, root: Path, tmp_path: Path) -> None:
    code = "\n".join(PYTHON.findall((root / path).read_text(encoding="utf-8")))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.slow
def test_the_quickstart_runs_as_it_stands(root: Path, tmp_path: Path) -> None:
    """Its blocks in order, as one shell; `make` and activation are what this environment already is."""
    script = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for language, code in BLOCK.findall((root / QUICKSTART).read_text(encoding="utf-8")):
        if language == "python":
            script.append(f"python - <<'SNIPPET'\n{code}SNIPPET")
        else:
            script.append("\n".join(line for line in code.splitlines() if not line.startswith(("make ", ". "))))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    text = "\n".join(script).replace("8090", port).replace("sleep 8", wait_for(port))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    shell = subprocess.Popen(
        ["bash", "-c", text],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = shell.communicate(timeout=570)
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGTERM)
    assert shell.returncode == 0, told[-3000:]
    assert "Frontier tax of 2 steps" in told
    assert '"decision_id"' in told
    assert "1846 steps replayed" in told


def wait_for(port: str) -> str:
    probe = f"curl -sf http://127.0.0.1:{port}/healthz >/dev/null"
    return f"for _ in $(seq 120); do {probe} && break; sleep 0.5; done"
