"""The decision log on every database: SQLite always, PostgreSQL where TIERWISE_TEST_POSTGRES_URL names a server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.databases import new_database
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.decision_log import log as log_module
from tierwise.data.decision_log.schema import upgrade_schema
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrations run for every log here, new ones too."""
    monkeypatch.setattr(log_module, "upgrade_schema", upgrade_schema)


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The address of a database of this run's own on the real server, where there is one."""
    with new_database() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_database: str) -> str:
    """The address of an empty database on the real server."""
    import psycopg

    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/decisions.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


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
