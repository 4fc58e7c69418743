"""How long the dashboard's pages take, each asked of an application that has asked nothing yet."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.testclient import TestClient

from tierwise.data.decision_log import DecisionLog
from tierwise.data.experiments import Arm, Experiment
from tierwise.serving.app import create_app
from tierwise.serving.settings import load_settings

PAGES = (
    "/", "/tax", "/decisions", "/decisions?result=failed", "/tasks", "/tasks?failed=1", "/failures", "/quality",
    "/certificate", "/label", "/experiments", "/routers",
)  # fmt: skip
TIMEOUT_SECONDS = 600.0
_ARMS = (Arm("learned", "champion", 0.5), Arm("control", "rules", 0.5))


@dataclass(frozen=True, slots=True)
class PageTiming:
    """``seconds`` on the clock; ``cpu_seconds`` of this process, in which SQLite works and PostgreSQL does not."""

    period: str
    page: str
    seconds: float
    cpu_seconds: float


def begin_experiment(url: str, started_at: float) -> None:
    """The experiment of which the filled log tells, so that its page has arms; one that is there stays."""
    with DecisionLog.open(url, TIMEOUT_SECONDS) as log:
        if not log.experiments():
            log.put_experiment(Experiment("trial", _ARMS, salt="trial", started_at=started_at))


def time_pages(url: str, periods: list[str]) -> Iterator[PageTiming]:
    """Every page for each period, and those that know no period once."""
    with TemporaryDirectory(prefix="tierwise-pages-") as name:
        for period in periods:
            for page in PAGES:
                settings = load_settings(
                    {}, log_url=url, rules=True, state_folder=Path(name), log_timeout_seconds=TIMEOUT_SECONDS
                )
                client = TestClient(create_app(settings), "http://localhost")  # its threads are not started
                client.get("/dashboard/login")  # templates and imports are not the log's
                started, cpu = time.perf_counter(), time.process_time()
                answer = client.get(f"/dashboard{page}", params={"period": period})
                seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
                if answer.status_code != 200:
                    raise RuntimeError(f"{page} for {period} answered {answer.status_code}")
                yield PageTiming(period, page, seconds, cpu_seconds)
                client.close()
