"""The decision log on every database: SQLite always, PostgreSQL where TIERWISE_TEST_POSTGRES_URL names a server."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step

POSTGRES_URL = os.environ.get("TIERWISE_TEST_POSTGRES_URL")
NOW = 1_800_000_000.0


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/decisions.db"
        return
    if not POSTGRES_URL:
        pytest.skip("TIERWISE_TEST_POSTGRES_URL is not set; see tests/postgres.sh")
    import psycopg

    name = f"tierwise_{uuid4().hex}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield POSTGRES_URL.rpartition("/")[0] + f"/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def log(url: str) -> Iterator[DecisionLog]:
    with DecisionLog.open(url, clock=lambda: NOW) as log:
        yield log


@pytest.fixture
def record() -> Callable[..., DecisionRecord]:
    """Makes a decision as the service records it; keywords replace its fields."""
    decision = Decision(
        tier="small",
        model="tiny-1",
        policy="learned",
        router_version="v1",
        reason=Reason("cheapest_enough", "Good enough."),
        p_success={"small": 0.9, "frontier": 0.99},
        expected_cost_usd={"small": 0.0001, "frontier": 0.01},
        propensity=0.95,
        arm="learned",
    )

    def make(decision_id: str = "d-1", **changes: object) -> DecisionRecord:
        known: dict[str, object] = {"step": Step(text="2 + 2?"), "decision": decision, "created_at": NOW}
        return DecisionRecord(decision_id, **(known | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def outcome() -> Callable[..., Outcome]:
    """Makes an outcome; keywords beyond tier and success are fields of ``Outcome``."""

    def make(decision_id: str = "d-1", tier: str = "small", success: bool | None = True, **more: object) -> Outcome:
        attempt = Attempt(tier=tier, success=success, cost_usd=0.00004, latency_ms=310.0, extra={"note": "kept"})
        return Outcome(decision_id, attempt, **more)  # type: ignore[arg-type]

    return make
