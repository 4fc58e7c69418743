"""The guides' snippets run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = ("client.md",)


def snippets(guide: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "guides" / guide).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("guide", GUIDES)
def test_the_snippets_of_a_guide_run(guide: str, tmp_path: Path) -> None:
    """In one process, as a reader would try them; nobody listens on the port of the service."""
    program = "\n".join(snippets(guide))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", program]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
