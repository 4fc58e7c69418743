"""Run code that a model wrote: Python functions against test cases, regular expressions against strings.

All jobs of a call go to one isolated interpreter (`python -I`), which forks a child per job with limits on
CPU time, memory and file size. It
guards against accidents (endless loops, memory, stray writes), not against an attacker: do not feed it code
from people you do not trust.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tierwise.data.samples.verifiers import answers

Job = dict[str, Any]
DRIVER = Path(__file__).with_name("sandbox_driver.py")
SECONDS_PER_JOB = 6.0


def python_job(spec: Mapping[str, Any], output: str) -> Job:
    """`function` must return the expected value for each `[arguments, expected]` of `cases`."""
    source = answers.body(output)
    start = source.find("def ")
    kept = source[max(start, 0) :] if not _imports(source[: max(start, 0)]) else source
    return {
        "do": "python",
        "sources": [kept, _without_last_line(kept)],
        "function": spec["function"],
        "cases": spec["cases"],
    }


def regex_job(spec: Mapping[str, Any], output: str) -> Job:
    """The expression must match all of `match` in full and none of `reject`."""
    line = answers.body(output).split("\n")[0].strip().strip("`")
    line = re.sub(r"^r(['\"])(.*)\1$", r"\2", line).strip("\"'")
    if len(line) > 2 and line[0] == line[-1] == "/":
        line = line[1:-1]
    return {"do": "regex", "pattern": line, "match": spec["match"], "reject": spec["reject"]}


def run_jobs(jobs: Sequence[Job]) -> list[bool]:
    """Verdicts in order; a job that dies, hangs or breaks a limit is false."""
    if not jobs:
        return []
    with tempfile.TemporaryDirectory() as folder:
        finished = subprocess.run(
            [sys.executable, "-I", str(DRIVER)],
            input=json.dumps(list(jobs)),
            capture_output=True,
            text=True,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin"},
            timeout=30 + SECONDS_PER_JOB * len(jobs),
            check=True,
        )
    verdicts = json.loads(finished.stdout)
    return [bool(verdict) for verdict in verdicts]


def _imports(head: str) -> bool:
    return any(line.startswith(("import ", "from ")) for line in head.splitlines())


def _without_last_line(source: str) -> str:
    """An answer cut off by the token limit often ends in half a line after a complete function."""
    return "\n".join(source.split("\n")[:-1])
