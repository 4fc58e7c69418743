"""What OpenAI clients see when something is wrong, and which models they are told of."""

from hashlib import sha256
from typing import Any

import pytest

PATH = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "Say hello."}]


def error(response: Any) -> dict[str, Any]:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    found: dict[str, Any] = body["error"]
    return found


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": HELLO}, "model"),
        ({"model": 7, "messages": HELLO}, "model"),
        ({"model": "auto"}, "messages"),
        ({"model": "auto", "messages": []}, "messages"),
        ({"model": "auto", "messages": "hi"}, "messages"),
        ({"model": "auto", "messages": ["hi"]}, "messages[0]"),
        ({"model": "auto", "messages": [{"role": 5, "content": "x"}]}, "messages[0].role"),
        ({"model": "auto", "messages": HELLO, "tools": "all"}, "tools"),
        ({"model": "auto", "messages": HELLO, "stream": "yes"}, "stream"),
        ({"model": "auto", "messages": HELLO, "stream_options": "x"}, "stream_options"),
        ({"model": "auto", "messages": HELLO, "tierwise": {"options": {"min_tier": "huge"}}}, "options.min_tier"),
        ({"model": "auto", "messages": HELLO, "tierwise": {"options": 3}}, "options"),
        ({"model": "auto", "messages": HELLO, "tierwise": {"made_up": 3}}, "made_up"),
        ({"model": "auto", "messages": HELLO, "tierwise": 3}, "tierwise"),
        ({"model": "auto", "messages": HELLO, "tierwise": {"step": {"input_complexity": "x"}}}, "input_complexity"),
        ([], "body"),
    ],
)
def test_a_bad_request_is_a_400_that_names_the_parameter(gateway: Any, body: Any, param: str) -> None:
    response = gateway().post(PATH, json=body)
    assert response.status_code == 400
    assert (error(response)["type"], error(response)["param"]) == ("invalid_request_error", param)
    assert param.partition("[")[0] in error(response)["message"]


def test_a_body_that_is_no_json_or_too_long_is_refused_in_openais_form(gateway: Any) -> None:
    client = gateway({"chat_max_body_bytes": 2048})
    headers = {"content-type": "application/json"}
    assert error(client.post(PATH, content=b"{", headers=headers))["code"] == "invalid_json"
    response = client.post(PATH, json={"model": "auto", "messages": HELLO * 100})
    assert (response.status_code, error(response)["code"]) == (413, "body_too_large")
    assert client.post(PATH, json={"model": "auto", "messages": HELLO}).status_code == 200


def test_a_chat_may_be_longer_than_a_route_request(gateway: Any) -> None:
    client = gateway({"max_body_bytes": 1024})
    long = [{"role": "user", "content": "word " * 1000}]
    assert client.post(PATH, json={"model": "auto", "messages": long}).status_code == 200
    assert client.post("/route", json={"step": {"messages": long}}).status_code == 413


def test_an_unknown_model_is_a_404_and_nothing_is_decided(gateway: Any) -> None:
    client = gateway(small="small-1")
    response = client.post(PATH, json={"model": "gpt-nobody", "messages": HELLO})
    assert (response.status_code, error(response)["code"]) == (404, "model_not_found")
    assert "auto, auto:cheap, auto:balanced, auto:best, small-1" in error(response)["message"]
    assert "x-tierwise-decision-id" not in response.headers


def test_without_an_upstream_the_fix_is_named(client: Any) -> None:
    response = client.post(PATH, json={"model": "auto", "messages": HELLO})
    assert (response.status_code, error(response)["code"]) == (503, "upstream_missing")
    assert "add one to tiers.toml and name it with TIERWISE_TIERS" in error(response)["message"]
    assert client.get("/v1/models").json() == {"object": "list", "data": []}


def test_a_key_that_is_not_set_is_named(start: Any, write_tiers: Any) -> None:
    path = write_tiers(small="keyless")
    path.write_text(path.read_text().replace("input_usd", 'api_key_env = "NOBODY_SET_THIS"\ninput_usd'))
    client = start(tiers=path)
    response = client.post(PATH, json={"model": "auto", "messages": HELLO})
    assert (response.status_code, "NOBODY_SET_THIS" in error(response)["message"]) == (503, True)
    response = client.post(PATH, json={"model": "keyless", "messages": HELLO})
    assert (response.status_code, error(response)["code"]) == (503, "upstream_missing")


def test_a_tier_that_cannot_be_called_is_never_decided_for(gateway: Any) -> None:
    client = gateway(small="small-1", mid="mid-1")
    hard = {"model": "auto", "messages": HELLO, "tierwise": {"step": {"requires_judgment": True}}}
    assert client.post(PATH, json=hard).headers["x-tierwise-tier"] == "mid"


def test_a_limit_below_every_tier_that_can_be_called_is_named(gateway: Any) -> None:
    client = gateway(mid="mid-1", frontier="frontier-1")
    asked = {"model": "auto", "messages": HELLO, "tierwise": {"options": {"max_tier": "small"}}}
    response = client.post(PATH, json=asked)
    assert (response.status_code, error(response)["code"]) == (503, "upstream_missing")
    assert "no tier up to 'small'" in error(response)["message"]
    asked["tierwise"] = {"step": {"task_type": "extract"}, "options": {"max_tier": "mid"}}
    assert client.post(PATH, json=asked).headers["x-tierwise-tier"] == "mid"


def test_models_are_listed_and_read(gateway: Any) -> None:
    client = gateway(small=["small-1", "org/small-2"], frontier="frontier-1")
    listed = client.get("/v1/models").json()
    automatic = ["auto", "auto:cheap", "auto:balanced", "auto:best"]
    assert [each["id"] for each in listed["data"]] == [*automatic, "small-1", "org/small-2", "frontier-1"]
    assert client.get("/v1/models/org/small-2").json()["object"] == "model"
    assert error(client.get("/v1/models/none"))["code"] == "model_not_found"


def test_paths_that_do_not_exist_answer_in_openais_form(client: Any) -> None:
    assert error(client.post("/v1/embeddings", json={}))["type"] == "invalid_request_error"
    assert error(client.get(PATH))["code"] == "method_not_allowed"
    assert client.post("/elsewhere", json={}).headers["content-type"] == "application/problem+json"


def test_keys_need_the_scope_route(gateway: Any) -> None:
    known = {"route": "r-key", "report": "o-key", "admin": "a-key"}
    client = gateway({"keys": ",".join(f"{scope}:{sha256(key.encode()).hexdigest()}" for scope, key in known.items())})
    asked = {"model": "auto", "messages": HELLO}

    def post(key: str | None) -> Any:
        return client.post(PATH, json=asked, headers={"authorization": f"Bearer {key}"} if key else {})

    assert (post(None).status_code, error(post(None))["type"]) == (401, "authentication_error")
    assert (post("wrong").status_code, error(post("wrong"))["code"]) == (401, "key_unknown")
    assert (post("o-key").status_code, error(post("o-key"))["type"]) == (403, "permission_error")
    assert [post(key).status_code for key in ("r-key", "a-key")] == [200, 200]
    assert client.get("/v1/models", headers={"authorization": "Bearer r-key"}).status_code == 200
