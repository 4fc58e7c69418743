"""The rate limit: so many requests a second for each caller, and no more."""

from collections.abc import Callable
from hashlib import sha256

from starlette.testclient import TestClient

from tests.serving.conftest import StartApp
from tierwise.serving.access import rate_limit
from tierwise.serving.access.keys import Scope, new_key
from tierwise.serving.access.rate_limit import Buckets

BODY = {"step": {"text": "a"}}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_of_two_seconds_then_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(5.0, clock)
    assert [buckets.seconds_to_wait("a") == 0 for _ in range(12)] == [True] * 10 + [False] * 2
    assert buckets.seconds_to_wait("a") == 0.2
    clock.now = 1.0
    assert sum(buckets.seconds_to_wait("a") == 0 for _ in range(20)) == 5
    clock.now = 100.0
    assert sum(buckets.seconds_to_wait("a") == 0 for _ in range(20)) == 10


def test_a_rate_below_one_lets_one_through() -> None:
    clock = Clock()
    buckets = Buckets(0.1, clock)
    assert (buckets.seconds_to_wait("a"), buckets.seconds_to_wait("a")) == (0, 10.0)


def test_callers_do_not_share_and_are_forgotten_in_the_end() -> None:
    buckets = Buckets(0.5, Clock())
    assert buckets.seconds_to_wait("a") == 0
    assert buckets.seconds_to_wait("b") == 0
    assert buckets.seconds_to_wait("a") > 0
    for i in range(rate_limit.MAX_CALLERS):
        buckets.seconds_to_wait(f"caller {i}")
    assert buckets.seconds_to_wait("a") == 0


def test_beyond_the_limit_the_answer_is_a_429_and_probes_never_count(start: Callable[..., TestClient]) -> None:
    client = start(rate_limit=1.0)
    responses = [client.post("/route", json=BODY) for _ in range(6)]
    assert {response.status_code for response in responses} == {200, 429}
    refused = responses[-1]
    assert (refused.headers["retry-after"], refused.headers["content-type"]) == ("1", "application/problem+json")
    assert {client.get("/healthz").status_code for _ in range(10)} == {200}


def test_every_key_has_its_own_limit_and_unknown_keys_use_up_none(start: Callable[..., TestClient]) -> None:
    keys = ",".join(f"route:{sha256(key.encode()).hexdigest()}" for key in ("one", "two"))
    client = start(rate_limit=1.0, keys=keys)

    def statuses(key: str, n: int) -> list[int]:
        headers = {"authorization": f"Bearer {key}"}
        return [client.post("/route", json=BODY, headers=headers).status_code for _ in range(n)]

    assert set(statuses("unknown", 5)) == {401}
    assert statuses("one", 6)[-1] == 429
    assert statuses("two", 1) == [200]


def test_spaces_after_bearer_and_claimed_addresses_make_no_new_caller(start: StartApp) -> None:
    key, entry = new_key(Scope.ADMIN)
    client = start(keys=entry, rate_limit=1.0)
    statuses = [
        client.get(
            "/metrics", headers={"authorization": f"Bearer{' ' * n}{key}", "x-forwarded-for": f"10.0.0.{n}"}
        ).status_code
        for n in range(1, 8)
    ]
    assert statuses.count(200) <= 3
    assert statuses[-1] == 429


def test_without_keys_a_key_is_no_name(start: StartApp) -> None:
    client = start(rate_limit=1.0)
    statuses = [client.get("/metrics", headers={"authorization": f"Bearer {n}"}).status_code for n in range(6)]
    assert statuses[-1] == 429
