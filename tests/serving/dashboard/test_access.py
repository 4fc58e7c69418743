"""Who gets in: sessions by key, other sites, other hosts, and the headers that every page carries."""

import re

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import StartApp
from tierwise.serving.access.keys import ApiKeys, Scope, new_key
from tierwise.serving.dashboard.access import COOKIE, Sessions, load_secret

ADMIN, ADMIN_ENTRY = new_key(Scope.ADMIN)
ROUTE, ROUTE_ENTRY = new_key(Scope.ROUTE, Scope.REPORT)
KEYS = f"{ADMIN_ENTRY},{ROUTE_ENTRY}"
LOCAL = {"host": "localhost:8080"}


def sign_in(client: TestClient, key: str, **headers: str) -> object:
    return client.post("/dashboard/login", data={"key": key, "next": "/tasks"}, headers=headers, follow_redirects=False)


def test_without_a_session_people_are_sent_to_the_login(start: StartApp) -> None:
    answer = start(keys=KEYS).get("/dashboard/decisions?tier=small", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/dashboard/login?next=/decisions%3Ftier%3Dsmall"


def test_an_admin_key_opens_the_pages_and_the_cookie_holds_no_key(start: StartApp) -> None:
    client = start(keys=KEYS)
    answer = client.post("/dashboard/login", data={"key": ADMIN, "next": "/tasks"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/tasks")
    cookie = answer.headers["set-cookie"]
    assert ADMIN not in cookie
    assert re.search(r"HttpOnly; .*Path=/dashboard; SameSite=strict", cookie)
    assert client.get("/dashboard/tasks").status_code == 200
    assert client.post("/dashboard/logout", follow_redirects=False).status_code == 303
    assert client.get("/dashboard/tasks", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("key", [ROUTE, "tw-nonsense", "", "é\ud800"], ids=["route", "nonsense", "empty", "broken"])
def test_other_keys_open_nothing(start: StartApp, key: str) -> None:
    client = start(keys=KEYS)
    answer = client.post(
        "/dashboard/login", content=f"key={key}".encode("utf-8", "surrogatepass"), follow_redirects=False
    )
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_bearer_key_opens_a_page_too(start: StartApp) -> None:
    client = start(keys=KEYS)
    assert client.get("/dashboard/", headers={"authorization": f"Bearer {ADMIN}"}).status_code == 200
    refused = client.get("/dashboard/", headers={"authorization": f"Bearer {ROUTE}"}, follow_redirects=False)
    assert refused.status_code == 303


def test_the_api_beside_the_dashboard_still_needs_its_key(start: StartApp) -> None:
    client = start(keys=KEYS)
    assert client.get("/dashboardx").status_code == 401
    assert client.get("/metrics").status_code == 401


def test_a_form_from_another_site_is_refused(start: StartApp) -> None:
    client = start(keys=KEYS)
    answer = client.post("/dashboard/login", data={"key": ADMIN}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "decisions"])
def test_the_login_leads_nowhere_else(start: StartApp, target: str) -> None:
    form = {"key": ADMIN, "next": target}
    answer = start(keys=KEYS).post("/dashboard/login", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/dashboard/"


def test_without_keys_only_this_machine_is_answered(start: StartApp) -> None:
    """A site that lets its name resolve to loopback must not read the prompts."""
    client = start()
    assert client.get("/dashboard/", headers=LOCAL).status_code == 200
    assert client.get("/dashboard/", headers={"host": "127.0.0.1:9"}).status_code == 200
    assert client.get("/dashboard/", headers={"host": "evil.example"}).status_code == 403


def test_every_answer_forbids_what_pages_do_not_need(start: StartApp) -> None:
    client = start()
    for path in ("/dashboard/", "/dashboard/nowhere", "/dashboard/static/dashboard.css"):
        headers = client.get(path, headers=LOCAL).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_sessions_end_by_time_by_a_changed_token_and_with_their_key() -> None:
    now = [1000.0]
    keys = ApiKeys({ADMIN_ENTRY.partition(":")[2]: frozenset({Scope.ADMIN})})
    sessions = Sessions(keys, b"secret", clock=lambda: now[0])
    token = sessions.token(ADMIN)
    assert token is not None
    assert sessions.is_valid(token)
    assert not sessions.is_valid(token[:-1] + ("0" if token[-1] != "0" else "1"))
    assert not Sessions(keys, b"another", clock=lambda: now[0]).is_valid(token)
    assert not Sessions(ApiKeys({}), b"secret", clock=lambda: now[0]).is_valid(token)
    now[0] += 13 * 3600
    assert not sessions.is_valid(token)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\u00e9.1.\u00e9"])
def test_nonsense_is_no_session(token: str) -> None:
    assert not Sessions(ApiKeys({}), b"secret").is_valid(token)


def test_processes_on_one_folder_share_the_secret(tmp_path) -> None:  # type: ignore[no-untyped-def]
    first, second = load_secret(tmp_path), load_secret(tmp_path)
    assert first == second
    assert len(first) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["dashboard.secret"]
    assert (tmp_path / "dashboard.secret").stat().st_mode & 0o077 == 0
    assert load_secret(tmp_path / "dashboard.secret") != first  # no folder: a secret of this process alone


@pytest.mark.slow
def test_the_dashboard_can_be_left_out(start: StartApp) -> None:
    assert start(dashboard=False).get("/dashboard/", headers=LOCAL).status_code == 404


@pytest.mark.parametrize("keys", [{}, {"keys": KEYS}])
def test_the_bare_address_leads_a_browser_to_the_pages(start: StartApp, keys: dict[str, object]) -> None:
    client = start(**keys)
    answer = client.get("/", headers=LOCAL | {"accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/dashboard/")
    assert client.get("/", headers=LOCAL).status_code == 200
    assert start(dashboard=False, **keys).get("/", headers=LOCAL).status_code in (401, 404)


def test_the_cookie_is_named() -> None:
    assert COOKIE.isidentifier()
