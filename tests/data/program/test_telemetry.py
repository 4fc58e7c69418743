"""Libraries that report their use to their makers are told not to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ENCODE = """
from tierwise.features.encoders.static import StaticEncoder
StaticEncoder.load().encode(["a step"])
"""
_TRACK = """
import tierwise, mlflow
from mlflow.telemetry.utils import is_telemetry_disabled
print(is_telemetry_disabled())
"""


def run(code: str, home: Path, **more: str) -> str:
    """``code`` in a new process with an empty home folder and nothing else in its environment."""
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
    }
    environment |= {"PYTHONPATH": os.environ.get("PYTHONPATH", "")} | more
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_onnx_runtime_keeps_no_figures_about_its_use(tmp_path: Path) -> None:
    run(_ENCODE, tmp_path)
    assert list(tmp_path.rglob("*onnxruntime*")) == []


@pytest.mark.slow
def test_mlflow_sends_no_figures_about_its_use(tmp_path: Path) -> None:
    assert run(_TRACK, tmp_path) == "True"


@pytest.mark.slow
def test_what_the_user_set_is_left_alone(tmp_path: Path) -> None:
    assert run(_TRACK, tmp_path, MLFLOW_DISABLE_TELEMETRY="false") == "False"
