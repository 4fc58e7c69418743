"""A router that never saw every fifth template of the sample log, and the steps of those templates."""

import subprocess
import sys
from pathlib import Path

from benchmarks.walk.live import ROOT
from tierwise.agents.collect.joining import join, read_log
from tierwise.agents.collect.journal import read_attempts
from tierwise.agents.collect.merge import write_log
from tierwise.data.samples import sample_again_path, sample_log_path, sample_tiers_path

HELD_OUT = "held_out.jsonl.gz"
_KNOWN = "known.jsonl.gz"
_EACH = 5


def learn(out: Path) -> None:
    """Writes the bundle and ``HELD_OUT``, where they are not there yet."""
    bundle = out / "bundle"
    if (bundle / "manifest.json").is_file():
        return
    _split_sample(out)
    command = [sys.executable, "-m", "tierwise", "train", "--log", str(out / _KNOWN)]
    more = ["--tiers", str(sample_tiers_path()), "--no-track", "--out", str(bundle)]
    subprocess.run([*command, *more], cwd=ROOT, check=True)


def _split_sample(out: Path) -> None:
    """Writes the sample log, with the attempts that were made again, in two: every fifth template is held out."""
    records, _ = join(read_log(sample_log_path()), read_attempts([sample_again_path()]))
    held_out = set(sorted({record["group"] for record in records})[::_EACH])
    write_log([record for record in records if record["group"] not in held_out], out / _KNOWN)
    write_log([record for record in records if record["group"] in held_out], out / HELD_OUT)
