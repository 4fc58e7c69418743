"""Observing: what the caller names is what is called, with everything logged; and the mirror in the background."""

import time
from pathlib import Path
from typing import Any

import pytest

from tierwise.agents.protocols import Completion, Message
from tierwise.agents.protocols.canonical import Text
from tierwise.agents.usage import Usage
from tierwise.data.compared.mirrored import mirrored_steps
from tierwise.data.compared.sameness import is_same_answer
from tierwise.data.decision_log import DecisionLog, LogUnavailableError
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.data.sensitive.redaction import Redaction, redact_attempt
from tierwise.serving.gateway.courses.answers import AnswerKeeper
from tierwise.serving.gateway.courses.mirror import DayBudget
from tierwise.serving.settings import SettingsError, load_settings

PATH = "/v1/chat/completions"
OBSERVE = {"observe": True, "rules": False}
MIRROR = OBSERVE | {"mirror_usd_per_day": 1.0, "mirror_share": 1.0}


def body(model: str, text: str = "Say hello.", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def logged(folder: Path) -> list[LoggedStep]:
    with DecisionLog.open(f"sqlite:///{folder}/decisions.db") as log:
        return list(log.logged_steps())


@pytest.mark.parametrize(
    ("model", "called", "tier"),
    [
        ("mid-1", "mid-1", "mid"),
        ("nobody-listed-this", "nobody-listed-this", "frontier"),
        ("auto", "frontier-1", "frontier"),
        ("auto:cheap", "frontier-1", "frontier"),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_call_goes_where_its_caller_says_and_its_answer_is_kept(
    model: str, called: str, tier: str, is_stream: bool, gateway: Any, stored: Any, seen: Any
) -> None:
    n_before = len(seen(called))
    client = gateway(OBSERVE)
    response = client.post(PATH, json=body(model, stream=is_stream))
    assert response.status_code == 200
    assert len(seen(called)) == n_before + 1
    assert response.headers["x-tierwise-tier"] == tier
    decision = stored(client, response.headers["x-tierwise-decision-id"])
    (outcome,) = decision["outcomes"]
    assert (decision["policy"], outcome["tier"], outcome["model"]) == ("caller", tier, called)
    assert outcome["output"] == "You said: Say hello."
    assert outcome["output_tokens"] == 4


def test_answers_are_kept_only_where_that_is_wanted(gateway: Any, stored: Any) -> None:
    for settings in ({}, OBSERVE | {"answers": "none"}):
        client = gateway(settings)
        response = client.post(PATH, json=body("frontier-1"))
        (outcome,) = stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]
        assert "output" not in outcome


def test_the_key_alone_can_be_kept_and_still_be_compared(gateway: Any, stored: Any, tmp_path: Path) -> None:
    client = gateway(MIRROR | {"answers": "key"})
    response = client.post(PATH, json=body("frontier-1"))
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=3)["outcomes"]
    assert all("output" not in outcome for outcome in outcomes)
    assert len({outcome["answer_key"] for outcome in outcomes}) == 1
    (step,) = mirrored_steps(logged(tmp_path), "frontier")
    assert step.is_same == {"small": True, "mid": True}


@pytest.mark.parametrize("answers", ["key", "text"])
def test_what_redaction_takes_out_still_tells_answers_apart(answers: Any) -> None:
    keeper, route = AnswerKeeper(answers, b"secret"), {"step": {"text": "Whom do I write to?"}}

    def stored_as(text: str) -> Attempt:
        kept = keeper.kept(Attempt("small"), Completion((Message((Text(text),)),), Usage()), route, "d-1")
        return redact_attempt(kept, Redaction.REDACTED)

    ada, bob, again = (stored_as(f"{name}@example.com") for name in ("ada", "bob", "ada"))
    assert ada.output == bob.output == (None if answers == "key" else "[email]")
    assert ada.answer_key is not None
    assert "example" not in ada.answer_key
    assert is_same_answer(Step(text="Whom?"), ada, again) is True
    assert is_same_answer(Step(text="Whom?"), ada, bob) is False


def test_what_a_comparison_found_survives_where_no_words_are_stored(gateway: Any, stored: Any) -> None:
    client = gateway(MIRROR | {"redaction": "features_only"})
    response = client.post(PATH, json=body("frontier-1"))
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=3)["outcomes"]
    assert [(o.get("mirror"), o.get("is_same"), o.get("output")) for o in outcomes] == [
        (None, None, None),
        (True, True, None),
        (True, True, None),
    ]


def test_a_client_is_told_the_top_tier(gateway: Any) -> None:
    answer = gateway(OBSERVE).post("/route", json={"step": {"text": "a", "task_type": "extract"}}).json()
    assert (answer["tier"], answer["model"], answer["fallback"]) == ("frontier", "frontier-1", False)


def test_the_cheaper_tiers_are_asked_in_the_background(gateway: Any, stored: Any, tmp_path: Path) -> None:
    client = gateway(MIRROR)
    response = client.post(PATH, json=body("frontier-1", stream=True))
    decision = stored(client, response.headers["x-tierwise-decision-id"], n=3)
    tiers = [(o["tier"], o.get("mirror"), o.get("is_same")) for o in decision["outcomes"]]
    assert tiers == [("frontier", None, None), ("small", True, True), ("mid", True, True)]
    assert response.headers["x-tierwise-attempts"] == "1"
    (step,) = mirrored_steps(logged(tmp_path), "frontier")
    assert step.is_same == {"small": True, "mid": True}
    assert step.answers["small"].cost_usd == pytest.approx((2 + 2 * 4) / 1e6)


def test_calls_of_cheaper_tiers_are_not_mirrored(gateway: Any, stored: Any) -> None:
    client = gateway(MIRROR)
    response = client.post(PATH, json=body("mid-1"))
    time.sleep(0.2)
    assert len(stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]) == 1


@pytest.mark.slow
def test_a_day_has_a_budget(gateway: Any, tmp_path: Path) -> None:
    client = gateway(MIRROR | {"mirror_usd_per_day": 0.0002})  # a mirrored call costs 10 + 40 millionths
    for i in range(9):
        client.post(PATH, json=body("frontier-1", f"Say {i}."))
        time.sleep(0.1)
    spent = [a.cost_usd or 0 for step in logged(tmp_path) for a in step.attempts if a.extra.get("mirror")]
    assert 0.0001 < sum(spent) <= 0.0002


def test_a_new_day_has_its_own_and_what_was_spent_before_a_restart_counts() -> None:
    now = [5 * 86_400.0 + 10]
    spent = {5 * 86_400.0: 0.75, 6 * 86_400.0: 0.0}
    budget = DayBudget(1.0, lambda since: spent[since], lambda: now[0])
    assert budget.left_usd == 0.25
    budget.spend(0.2)
    assert budget.left_usd == pytest.approx(0.05)
    now[0] += 86_400
    assert budget.left_usd == 1.0


def test_money_that_is_set_aside_is_there_once() -> None:
    budget = DayBudget(1.0, lambda _: 0.0)
    assert budget.left_usd == 1.0
    assert [budget.reserve(0.4) for _ in range(3)] == [True, True, False]
    budget.spend(-0.3)
    assert budget.reserve(0.4)


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_database_that_is_away_or_slow_holds_up_no_answer(gateway: Any, seconds: float) -> None:
    client = gateway(MIRROR)

    def spent(_since: float) -> float:
        time.sleep(seconds)
        raise LogUnavailableError("away")

    client.app.state.gateway._mirror._budget = DayBudget(1.0, spent)
    begin = time.monotonic()
    assert client.post(PATH, json=body("frontier-1")).status_code == 200
    assert client.get("/healthz").status_code == 200
    assert time.monotonic() - begin < 2.5


def test_observing_and_a_bundle_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="observe routes nothing; leave bundle and registry out, or observe"):
        load_settings({}, observe=True, bundle=tmp_path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/responses", {"input": "Say hello."}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 50}),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_every_protocol_is_observed_and_mirrored(
    path: str, said: dict[str, Any], is_stream: bool, gateway: Any, stored: Any
) -> None:
    client = gateway(MIRROR)
    response = client.post(path, json={"model": "nobody-listed-this", "stream": is_stream, **said})
    assert (response.status_code, response.headers["x-tierwise-tier"]) == (200, "frontier")
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=3)["outcomes"]
    assert [(o["tier"], o["output"], o.get("is_same")) for o in outcomes] == [
        ("frontier", "You said: Say hello.", None),
        ("small", "You said: Say hello.", True),
        ("mid", "You said: Say hello.", True),
    ]


def test_a_response_that_goes_on_from_another_is_not_mirrored(gateway: Any, seen: Any) -> None:
    n_before = len(seen("small-1"))
    client = gateway(MIRROR)
    said = {"model": "frontier-1", "input": "Go on.", "previous_response_id": "resp_1"}
    response = client.post("/v1/responses", json=said)
    time.sleep(0.2)
    assert response.status_code == 400  # no model of this catalogue keeps responses
    assert len(seen("small-1")) == n_before


def test_a_routed_call_below_the_top_is_audited_by_asking_the_top_tier(
    gateway: Any, stored: Any, tmp_path: Path
) -> None:
    client = gateway({"mirror_usd_per_day": 1.0, "mirror_share": 1.0})
    response = client.post(PATH, json=body("mid-1"))
    stored(client, response.headers["x-tierwise-decision-id"], n=2)
    first, audit = logged(tmp_path)[-1].attempts
    assert (first.tier, audit.tier) == ("mid", "frontier")
    assert (audit.extra["mirror"], audit.extra["is_same"]) == (True, True)


def test_a_call_below_the_top_is_not_audited_where_nothing_is_routed(gateway: Any, stored: Any, seen: Any) -> None:
    n_before = len(seen("frontier-1"))
    client = gateway(MIRROR)
    stored(client, client.post(PATH, json=body("mid-1")).headers["x-tierwise-decision-id"])
    assert len(seen("frontier-1")) == n_before
