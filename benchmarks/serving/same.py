"""Whether this version decides as an earlier commit does, to the last bit, with the same router on the same steps.

    python -m benchmarks.serving.same --commit COMMIT [--log LOG ...] [--folder .tierwise/bench]

Both read the sample log, the files of ../shared/data where they are there, and each ``--log``; what ``tierwise decide``
writes must be the same bytes, at the default tolerance and at another one with a catch rate. Ends with 1 where it is
not.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.decisions.logs import SHARED_DATA
from benchmarks.serving.pairs import bundle_of, source_of
from benchmarks.serving.server import installed
from tierwise.data.samples import sample_log_path

_OPTIONS: tuple[tuple[str, ...], ...] = ((), ("--max-quality-loss", "0.1", "--catch-rate", "0.8"))


def main() -> None:
    arguments = _arguments()
    folder: Path = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    earlier, bundle = source_of(arguments.commit, folder), bundle_of(folder / "bundle", Path()).resolve()
    n_different = 0
    for log in (sample_log_path(), *sorted(SHARED_DATA.glob("*.jsonl.gz")), *arguments.log):
        for options in _OPTIONS:
            old, new = (_decided(source, bundle, log, options, folder) for source in (earlier, Path()))
            n_different += old != new
            told = "the same" if old == new else "DIFFERENT"
            n_decisions = new.count(b"\n")
            print(f"{log.name:28}{' '.join(options) or '-':46}{n_decisions:7} decisions  {told}", flush=True)
    sys.exit(bool(n_different))


def _decided(source: Path, bundle: Path, log: Path, options: tuple[str, ...], folder: Path) -> bytes:
    """What the code in ``source`` writes."""
    out = folder / "decided.jsonl"
    command = ["decide", "--bundle", str(bundle), "--steps", str(log.resolve()), "--out", str(out), *options]
    environment = installed({"PYTHONPATH": str(source.resolve())})
    subprocess.run(
        [sys.executable, "-m", "tierwise", *command], check=True, cwd=source, env=environment, capture_output=True
    )
    return out.read_bytes()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--log", type=Path, nargs="+", default=[])
    parser.add_argument("--folder", type=Path, default=Path(".tierwise/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
