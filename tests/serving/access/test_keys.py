"""API keys: who may do what, and where a service without keys may listen."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tierwise.serving.access.keys import Scope, load_keys, new_key
from tierwise.serving.run import check_binding
from tierwise.serving.settings import Settings, SettingsError

BODY = {"step": {"text": "a"}}
OUTCOME = {"decision_id": "d", "tier": "small"}


def entry(key: str, scopes: str) -> str:
    return f"{scopes}:{sha256(key.encode()).hexdigest()}"


@pytest.fixture
def guarded(start: Callable[..., TestClient]) -> TestClient:
    scopes = {"r": "route", "o": "report", "both": "route+report", "a": "admin"}
    return start(keys=",".join(entry(key, names) for key, names in scopes.items()))


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("key", "route", "outcomes", "metrics"),
    [("r", 200, 403, 403), ("o", 403, 200, 403), ("both", 200, 200, 403), ("a", 200, 200, 200), ("x", 401, 401, 401)],
)
def test_a_key_opens_its_scopes_and_nothing_else(
    guarded: TestClient, key: str, route: int, outcomes: int, metrics: int
) -> None:
    assert guarded.post("/route", json=BODY, headers=bearer(key)).status_code == route
    assert guarded.post("/route/batch", json={"requests": [BODY]}, headers=bearer(key)).status_code == route
    assert guarded.post("/outcomes", json=OUTCOME, headers=bearer(key)).status_code == outcomes
    for path in ("/metrics", "/openapi.json"):
        assert guarded.get(path, headers=bearer(key)).status_code == metrics


def test_without_a_key_only_the_probes_answer(guarded: TestClient) -> None:
    response = guarded.post("/route", json=BODY)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.headers["content-type"] == "application/problem+json"
    assert [guarded.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 401]


@pytest.mark.parametrize("header", ["", "Basic cjpy", "Bearer", "Bearer ", "r", "Bearer \u00e9\u00ff"])
def test_a_strange_header_is_a_401(guarded: TestClient, header: str) -> None:
    headers = [(b"authorization", header.encode("latin-1"))]
    assert guarded.post("/route", json=BODY, headers=headers).status_code == 401


def test_metrics_can_be_made_public(start: Callable[..., TestClient]) -> None:
    client = start(keys=entry("r", "route"), public_metrics=True)
    assert client.get("/metrics").status_code == 200


def test_keys_come_from_a_file_too(settings: Callable[..., Settings], tmp_path: Path) -> None:
    key, line = new_key(Scope.ROUTE, Scope.REPORT)
    path = tmp_path / "keys"
    path.write_text(f"# agents\n{line}  # the planner\n\n")
    keys = load_keys(settings(keys_file=path))
    assert keys.scopes_of(key) == {Scope.ROUTE, Scope.REPORT}
    assert keys.scopes_of("another") is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [("route", "no sha256"), ("route:12", "no sha256"), (f"root:{'0' * 64}", "they are route, report, admin")],
)
def test_an_entry_that_cannot_be_read_is_refused(settings: Callable[..., Settings], keys: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_keys(settings(keys=keys))


def test_a_key_file_that_is_missing_is_refused(settings: Callable[..., Settings], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        load_keys(settings(keys_file=tmp_path / "nowhere"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_a_public_address_needs_keys(settings: Callable[..., Settings], host: str) -> None:
    with pytest.raises(SettingsError, match="no API key is set"):
        check_binding(settings(host=host))
    check_binding(settings(host=host, keys=entry("r", "route")))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_none(settings: Callable[..., Settings], host: str) -> None:
    check_binding(settings(host=host))
