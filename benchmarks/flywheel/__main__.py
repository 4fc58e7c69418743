"""``python -m benchmarks.flywheel``: weeks in minutes, and the picture of them."""

import argparse
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.flywheel.acts import play_all
from benchmarks.flywheel.picture import draw_timeline
from benchmarks.flywheel.play import MODEL, Play
from benchmarks.flywheel.service import running_service
from tierwise.data.samples import sample_tiers_path


def main() -> None:
    """Plays everything in a temporary folder and writes what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="write the timeline as PNG")
    parser.add_argument("--json", type=Path, help="write the timeline, the commands and the audit trail")
    options = parser.parse_args()
    targets = [None if path is None else path.absolute() for path in (options.picture, options.json)]
    started = time.monotonic()
    with TemporaryDirectory(prefix="tierwise-weeks-") as name:
        play = _play(Path(name))
    timeline = play.timeline
    for event in timeline.events:
        print(f"{event.at_step:5d}  {event.text.replace(chr(10), ' ')}")
    print(f"{len(timeline.success)} steps in {time.monotonic() - started:.0f} s")
    if targets[0] is not None:
        draw_timeline(timeline, targets[0])
    if targets[1] is not None:
        targets[1].write_text(json.dumps(timeline.to_dict()), encoding="utf-8")


def _play(folder: Path) -> Play:
    log_url = f"sqlite:///{folder}/decisions.db"
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    os.chdir(folder)
    settings = {
        "MLFLOW_TRACKING_URI": os.environ["MLFLOW_TRACKING_URI"],
        "TIERWISE_REGISTRY": f"models:/{MODEL}@champion",
        "TIERWISE_CHALLENGER": f"models:/{MODEL}@challenger",
        "TIERWISE_LOG_URL": log_url,
        "TIERWISE_TIERS": str(sample_tiers_path()),
        "TIERWISE_EXPLORATION": "0.2",
        "TIERWISE_EXPERIMENT_SECONDS": "0.2",
        "TIERWISE_RELOAD_SECONDS": "0",
        "TIERWISE_FLUSH_SECONDS": "0.05",
        "TIERWISE_REDACTION": "full",
        "TIERWISE_LOG_LEVEL": "error",
    }
    with running_service(folder, settings) as service:
        play = Play(service, folder, log_url)
        play_all(play)
        play.timeline.commands.append({"command": "audit", "code": 0, "output": ", ".join(play.trail())})
    return play


if __name__ == "__main__":
    main()
