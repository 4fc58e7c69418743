"""What an operator sees: metrics of every provider's call, a log line for a failure, names and aliases of models."""

import logging
from typing import Any

import pytest

from tests.strict_stub.callers import PATHS, request

EASY = {"tierwise": {"step": {"task_type": "extract"}}}


@pytest.mark.slow
def test_calls_failures_and_rests_are_counted(gateway: Any, caplog: pytest.LogCaptureFixture) -> None:
    client = gateway(small=["fails-503"], mid=["m"])
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            client.post(PATHS["chat"], json=request("chat", "a secret", stream=True, **EASY))
    text = client.get("/metrics").text
    assert 'tierwise_upstream_calls_total{model="fails-503",status="503"} 3.0' in text
    assert 'tierwise_upstream_calls_total{model="m",status="200"} 4.0' in text
    assert 'tierwise_upstream_failovers_total{model="m"} 3.0' in text
    assert 'tierwise_breaker_open{model="fails-503"} 1.0' in text
    assert 'tierwise_upstream_first_chunk_seconds_count{model="m"} 4.0' in text
    lines = [record.getMessage() for record in caplog.records if "fails-503" in record.getMessage()]
    assert len(lines) == 3
    assert lines[-1].startswith("model fails-503 of tier small failed: status_503, status 503, rests (decision d-")
    assert "secret" not in caplog.text


def test_what_is_not_there_is_counted_and_told(gateway: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A client of a protocol that is not spoken here shows in the log, without what its caller wrote."""
    client = gateway(small=["m"])
    with caplog.at_level(logging.WARNING):
        assert client.post("/v1/assistants/My%20secret-1", json={}).status_code == 404
        assert client.post(PATHS["chat"], json=request("chat", "hi", model="a secret")).status_code == 404
        assert client.get("/favicon-secret.ico").status_code == 404
    text = client.get("/metrics").text
    counts = {"not-found": 2, "model-not-found": 1}
    for kind, n in counts.items():
        assert f'tierwise_not_found_total{{kind="{kind}"}} {n}.0' in text
    told = [record.getMessage() for record in caplog.records if "404" in record.getMessage()]
    assert told == ["POST /v1/assistants/…: 404, not-found", "POST /v1/chat/completions: 404, model-not-found"]
    assert "secret" not in caplog.text


def test_aliases_stand_for_models_and_policies(gateway: Any) -> None:
    client = gateway({"model_aliases": "gpt-*=auto, openai/auto=auto:best, mine=m"}, small=["m"], frontier=["top"])
    for model, answered in (("gpt-5", "m"), ("openai/auto", "top"), ("mine", "m"), ("m", "m")):
        response = client.post(PATHS["chat"], json=request("chat", "hi", model=model, **EASY))
        assert response.headers["x-tierwise-model"] == answered
    listed = [each["id"] for each in client.get("/v1/models").json()["data"]]
    assert listed[-2:] == ["openai/auto", "mine"]
    assert client.get("/v1/models/gpt-5").status_code == 200
    assert client.get("/v1/models/claude").status_code == 404


def test_an_alias_that_is_none_is_refused_at_the_start(gateway: Any) -> None:
    from tierwise.serving.settings import SettingsError

    with pytest.raises(SettingsError, match="'gpt' is no alias"):
        gateway({"model_aliases": "gpt"}, small=["m"])


def test_models_are_listed_in_the_form_that_the_client_reads(gateway: Any) -> None:
    client = gateway(small=["m"])
    page = client.get("/v1/models", headers={"anthropic-version": "2023-06-01"}).json()
    assert (page["data"][0]["type"], page["first_id"], page["last_id"], page["has_more"]) == (
        "model",
        "auto",
        "m",
        False,
    )


def test_tokens_are_counted_by_who_can_or_estimated(gateway: Any, strict: Any) -> None:
    path, body = f"{PATHS['messages']}/count_tokens", request("messages", "word " * 100)
    counted = gateway(small=["m"], mid=[{"name": "able", "protocols": ["messages"]}]).post(path, json=body)
    assert (counted.json(), strict.seen[-1]["model"]) == ({"input_tokens": 42}, "able")
    estimated = gateway(small=["m"]).post(path, json=body)
    assert 100 < estimated.json()["input_tokens"] < 200
    assert estimated.headers["x-tierwise-estimate"] == "true"


def test_embeddings_and_older_completions_pass_through(gateway: Any, stored: Any) -> None:
    client = gateway(
        small=[{"name": "old", "protocols": ["completions"]}, {"name": "vec", "protocols": ["embeddings"]}, "m"]
    )
    found = client.post("/v1/embeddings", json={"model": "vec", "input": "hi"}).json()
    assert found["data"][0]["embedding"] == [0.5]
    refused = client.post("/v1/embeddings", json={"model": "m", "input": "hi"})
    assert (refused.status_code, "makes no embeddings" in refused.text) == (400, True)
    response = client.post("/v1/completions", json={"model": "old", "prompt": "Once"})
    assert response.json()["choices"][0]["text"] == " Once!"
    assert stored(client, response.headers["x-tierwise-decision-id"])["outcomes"][0]["status"] == 200
    refused = client.post("/v1/completions", json={"model": "m", "prompt": "Once"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "prompt")
    assert client.post(PATHS["chat"], json=request("chat", "hi", **EASY)).headers["x-tierwise-model"] == "m"


@pytest.mark.parametrize("caller", PATHS)
def test_keys_come_as_each_protocols_clients_send_them(gateway: Any, caller: str) -> None:
    from hashlib import sha256

    client = gateway({"keys": f"route:{sha256(b'k').hexdigest()}"}, small=["m"])
    body = request(caller, "hi")
    for headers in ({"x-api-key": "k"}, {"authorization": "Bearer k"}):
        assert client.post(PATHS[caller], json=body, headers=headers).status_code == 200
    refused = client.post(PATHS[caller], json=body, headers={"x-api-key": "wrong"})
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")
