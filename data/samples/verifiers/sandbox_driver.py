"""The inside of the sandbox: reads jobs as JSON on stdin, forks a limited child for each, writes verdicts as
JSON on stdout.

Runs as a plain script under `python -I`, so it imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
from typing import Any

CPU_SECONDS = 1
WALL_SECONDS = 4
MEMORY_BYTES = 1 << 29


def main() -> None:
    """Answer all jobs of stdin, in order."""
    jobs = json.load(sys.stdin)
    verdicts = [passes_in_child(job) for job in jobs]
    sys.stdout.write(json.dumps(verdicts))


def passes_in_child(job: dict[str, Any]) -> bool:
    """Only a child that reaches its last line reports success, so leaving early (`sys.exit`) does not
    pass.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_limited(job, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        verdict = pipe.read()
    os.waitpid(child, 0)
    return verdict == b"pass"


def _run_limited(job: dict[str, Any], writer: int) -> None:
    try:
        _limit()
        passed = (
            passes_regex(job) if job["do"] == "regex" else any(passes_python(job, source) for source in job["sources"])
        )
        os.write(writer, b"pass" if passed else b"fail")
    finally:
        os._exit(0)


def _limit() -> None:
    # SIGALRM and SIGXCPU keep their default action: they end the child at once, whatever the code catches.
    signal.alarm(WALL_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)


def passes_regex(job: dict[str, Any]) -> bool:
    """Full matches only, as the step asks."""
    try:
        pattern = re.compile(job["pattern"])
    except (re.error, RecursionError, OverflowError):
        return False
    return all(pattern.fullmatch(text) for text in job["match"]) and not any(
        pattern.fullmatch(text) for text in job["reject"]
    )


def passes_python(job: dict[str, Any], source: str) -> bool:
    """Defines the function and compares its value on every case; anything raised is a failure."""
    scope: dict[str, Any] = {"__name__": "answer"}
    try:
        exec(compile(source, "answer", "exec"), scope)
        function = scope[job["function"]]
        for arguments, expect in json.loads(json.dumps(job["cases"])):
            if not same(function(*arguments), expect):
                return False
    except BaseException:
        # The answer may raise anything at all, SystemExit and KeyboardInterrupt included.
        return False
    return True


def same(found: Any, expect: Any) -> bool:
    """Equal values of equal kinds: True is not 1; a tuple may stand for a list, as JSON has no tuples."""
    if isinstance(found, tuple):
        found = list(found)
    if isinstance(expect, list):
        return isinstance(found, list) and len(found) == len(expect) and all(map(same, found, expect))
    if isinstance(expect, dict):
        return (
            isinstance(found, dict)
            and set(found) == set(expect)
            and all(same(found[key], expect[key]) for key in expect)
        )
    if isinstance(expect, float) and isinstance(found, int | float) and not isinstance(found, bool):
        return abs(found - expect) < 1e-9
    return type(found) is type(expect) and bool(found == expect)


if __name__ == "__main__":
    main()
