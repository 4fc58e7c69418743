"""A bundle decides in a process that cannot import what trains or serves, and says the same to the last digit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tierwise.data.records import LoggedStep
from tierwise.data.serialise import step_to_dict
from tierwise.router_model.router import Router

SCRIPT = """
import json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from tierwise import Router
from tierwise.data.parsing import parse_step

router = Router.load(sys.argv[1])
steps = [parse_step(json.loads(line)) for line in sys.stdin]
for decision in router.decide_many(steps):
    print(json.dumps([decision.tier, dict(decision.p_success), dict(decision.expected_cost_usd)]))
"""
TRAINING = "lightgbm,onnx,onnxmltools,skl2onnx,sklearn,scipy,mlflow,pyarrow,torch,optuna,matplotlib"
SERVING = "fastapi,starlette,uvicorn,sqlalchemy"


@pytest.mark.slow
def test_it_needs_neither_training_nor_serving(
    router: Router, bundle_folder: Path, held_out_steps: tuple[LoggedStep, ...]
) -> None:
    steps = [logged.step for logged in held_out_steps[:60]]
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(bundle_folder), f"{TRAINING},{SERVING}"],
        input="\n".join(json.dumps(step_to_dict(step)) for step in steps),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    expected = [[one.tier, dict(one.p_success), dict(one.expected_cost_usd)] for one in router.decide_many(steps)]
    assert [json.loads(line) for line in run.stdout.splitlines()] == expected
