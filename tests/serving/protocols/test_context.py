"""Prompts that are too long, and what models cannot do: known before a call, learned from refusals, told as a 400."""

from typing import Any

import pytest

from tests.strict_stub.callers import PATHS, request

EASY = {"tierwise": {"step": {"task_type": "extract"}}}
LONG = "word " * 1600


def post(client: Any, text: str, caller: str = "chat", **fields: Any) -> Any:
    return client.post(PATHS[caller], json=request(caller, text, **EASY) | fields)


def models(strict: Any) -> list[str]:
    return [entry["model"] for entry in strict.seen]


@pytest.fixture(autouse=True)
def _forget(strict: Any) -> None:
    strict.seen.clear()


@pytest.mark.parametrize("caller", PATHS)
def test_what_does_not_fit_beyond_doubt_is_never_sent(gateway: Any, strict: Any, caller: str) -> None:
    client = gateway(small=[{"name": "short", "context_window": 600}], mid=["roomy"])
    assert post(client, LONG, caller).headers["x-tierwise-model"] == "roomy"
    assert post(client, "hi", caller).headers["x-tierwise-model"] == "short"
    assert models(strict) == ["roomy", "short"]


def test_what_may_not_fit_is_tried_last(gateway: Any) -> None:
    """The estimate says 2,000 tokens: too many for a window of 1,800, but not beyond doubt."""
    client = gateway(small=[{"name": "perhaps", "context_window": 1800}, "roomy"])
    assert post(client, LONG).headers["x-tierwise-model"] == "roomy"


@pytest.mark.parametrize("caller", PATHS)
def test_what_fits_nobody_is_a_400_without_any_call(gateway: Any, strict: Any, caller: str) -> None:
    client = gateway(small=[{"name": "short", "context_window": 600}])
    for model in ("auto", "short"):
        response = client.post(PATHS[caller], json=request(caller, LONG, model=model))
        assert (response.status_code, models(strict)) == (400, [])
        assert "maximum context length" in response.json()["error"]["message"]
        if caller != "messages":
            assert response.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_an_overflow_everywhere_is_the_providers_400(gateway: Any, strict: Any, caller: str, upstream: str) -> None:
    client = gateway(
        small=[{"name": "window-100", "protocols": [upstream]}], mid=[{"name": "window-200", "protocols": [upstream]}]
    )
    response = post(client, LONG, caller)
    assert response.status_code == 400
    assert "prompt is too long" in response.json()["error"]["message"]
    assert models(strict) == ["window-100", "window-200"]


def test_an_overflow_is_remembered_and_no_failure_of_the_model(gateway: Any, strict: Any) -> None:
    client = gateway(small=["window-100"], mid=["roomy"])
    assert post(client, LONG).headers["x-tierwise-attempts"] == "2"
    for _ in range(4):
        post(client, LONG)
    assert models(strict).count("window-100") == 1
    assert post(client, "hi").headers["x-tierwise-model"] == "window-100"


def test_a_refusal_of_one_model_does_not_bar_what_fits_after_all(gateway: Any, strict: Any) -> None:
    """Where nobody else is left, the model that refused as long a prompt is asked again."""
    client = gateway(small=["window-100"])
    assert [post(client, LONG).status_code for _ in range(5)] == [400] * 5
    assert models(strict) == ["window-100"] * 5


@pytest.mark.parametrize("caller", PATHS)
def test_capabilities_are_looked_at_before_the_call(gateway: Any, caller: str) -> None:
    small = {"name": "plain", "capabilities": ["tools"], "protocols": list(PATHS)}
    client = gateway(small=[small], mid=[{"name": "able", "protocols": list(PATHS)}])
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    for fields, model in (({"image": True}, "able"), ({"schema": schema}, "able"), ({"tools": {"f": schema}}, "plain")):
        response = client.post(PATHS[caller], json=request(caller, "hi", **fields, **EASY))
        assert response.headers["x-tierwise-model"] == model


def test_the_size_of_a_picture_says_nothing_about_tokens(gateway: Any) -> None:
    client = gateway(small=[{"name": "short", "context_window": 600}])
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10_000}}
    body = {"model": "auto", "messages": [{"role": "user", "content": [picture, {"type": "text", "text": "x"}]}]}
    assert client.post(PATHS["chat"], json=body).status_code == 200
