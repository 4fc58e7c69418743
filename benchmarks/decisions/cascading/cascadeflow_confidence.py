"""cascadeflow's confidence in drafts, asked of an interpreter that has it."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tierwise.data.errors import TierwiseError

_SCRIPT = Path(__file__).with_name("cascadeflow_scores.py")


def cascadeflow_confidence(python: Path, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """For each prompt and answer, float64 [n]. Raises ``TierwiseError`` where ``python`` does not have cascadeflow."""
    run = subprocess.run([python, _SCRIPT], input=json.dumps(list(pairs)), capture_output=True, text=True)
    if run.returncode:
        raise TierwiseError(f"{python} could not run cascadeflow: {run.stderr.strip()[-200:]}; pip install cascadeflow")
    return np.array(json.loads(run.stdout), dtype=np.float64)
