"""Fills a log with decisions and times every question and every page of the dashboard.

    python -m benchmarks.decision_log --url sqlite:///log.db --fill 1000000
    python -m benchmarks.decision_log --url postgresql://user@127.0.0.1/empty --fill 10000000 --json results.json

The database must be empty for ``--fill``; without it, what is there is asked. A first answer comes from a connection
that has asked nothing yet; for one from an idle server, restart it before and ask without ``--fill``.
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.decision_log.measure import PERIODS, add_up, fill_log, sizes, time_questions
from benchmarks.decision_log.pages import begin_experiment, time_pages


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decision_log", description=__doc__)
    parser.add_argument("--url", required=True, help="SQLite or PostgreSQL to fill or to ask")
    parser.add_argument("--fill", type=int, default=0, help="decisions to add, evenly over --days")
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--periods", nargs="+", choices=[*PERIODS], default=[*PERIODS])
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    if given.fill:
        for line in fill_log(given.url, given.fill, given.days):
            print(line, flush=True)
    for line in add_up(given.url):
        print(line, flush=True)
    timings = []
    for timing in time_questions(given.url, given.periods):
        timings.append(timing)
        figures = f"{timing.first_seconds:9.3f} s first {timing.again_seconds:9.3f} s again"
        print(f"{timing.period:>4}  {timing.name:<34}{figures}", flush=True)
    pages = []
    begin_experiment(given.url, time.time() - 86_400 * given.days)
    for page in time_pages(given.url, given.periods):
        pages.append(page)
        print(f"{page.period:>4}  {page.page:<34}{page.seconds:9.3f} s{page.cpu_seconds:9.3f} s CPU", flush=True)
    weights = {} if given.url.startswith("sqlite") else sizes(given.url)
    for name, gigabytes in weights.items():
        print(f"{name:<12}{gigabytes:8.2f} GB")
    if given.json is not None:
        asked = {"timings": [asdict(each) for each in timings], "pages": [asdict(each) for each in pages]}
        content = asked | {"gigabytes": weights}
        given.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
