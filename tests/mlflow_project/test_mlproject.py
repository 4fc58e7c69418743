"""The MLflow project from a fresh clone: its entry points run with nothing but the environment that is active."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_OF_A_RUN = ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID")


@pytest.mark.slow
def test_train_runs_from_a_fresh_clone(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    (clone / "train.toml").write_text("n_folds = 2\nn_components = 8\n[booster]\nn_rounds = 15\n", encoding="utf-8")
    scripts = str(Path(sys.executable).parent)
    # Setting an experiment, as other tests do, tells it to all processes that are started.
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_RUN}
    environment = inherited | {
        "PATH": scripts + os.pathsep + os.environ["PATH"],
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "PYTHONSAFEPATH": "1",
    }
    command = ["mlflow", "run", ".", "-e", "train", "--env-manager", "local", "-P", "config=train.toml"]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (clone / ".tierwise" / "bundle" / "manifest.json").is_file()
