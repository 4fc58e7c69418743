"""LiteLLM for real: its complexity router with our plugin, and calls that went through the proxy's hook."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch its prices otherwise
litellm: Any = pytest.importorskip("litellm", reason="litellm is not installed; run: make test-adapters")

from tierwise.agents.adapters.litellm import METADATA_KEY, RouterClassifier, RouterHook, decision_id_of  # noqa: E402
from tierwise.agents.adapters.litellm_log import Reporter  # noqa: E402
from tierwise.agents.client import AsyncClient  # noqa: E402

ASK = [{"role": "user", "content": "What is the weather?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}


@pytest.fixture(autouse=True)
def no_callbacks_are_left() -> Iterator[None]:
    yield
    litellm.callbacks = []
    litellm.logging_callback_manager._reset_all_callbacks()


async def logged() -> None:
    """LiteLLM logs behind the answer."""
    while any(callback.n_waiting for callback in litellm.callbacks if isinstance(callback, Reporter)):
        await asyncio.sleep(0.05)


@pytest.fixture
def run(stack: Any) -> Callable[..., Any]:
    """Runs ``use(client)`` on one event loop, and waits until LiteLLM has logged and the log has it."""

    def start(use: Callable[[Any], Awaitable[Any]]) -> Any:
        async def everything() -> Any:
            async with AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=5000) as client:
                try:
                    return await use(client)
                finally:
                    await asyncio.wait_for(logged(), 30)
                    await asyncio.to_thread(client.flush, 10)

        return asyncio.run(everything())

    return start


def model_list(stack: Any, plugin: Any) -> list[dict[str, Any]]:
    names = {"small": "stub-small", "mid": "stub-mid", "frontier": "stub-frontier"}
    where = {"api_base": stack.provider, "api_key": "unused"}
    groups = [
        {"model_name": tier, "litellm_params": {"model": f"openai/{name}", **where}} for tier, name in names.items()
    ]
    config = {
        "classifier_type": "custom",
        "classifier_plugin": plugin,
        "classifier_plugin_timeout_ms": 5000,
        "tiers": {"SIMPLE": "small", "MEDIUM": "mid", "COMPLEX": "frontier", "REASONING": "frontier"},
    }
    auto = {"model": "auto_router/complexity_router", "complexity_router_config": config}
    return [*groups, {"model_name": "auto", "litellm_params": auto}]


def said(task_type: str) -> dict[str, Any]:
    return {"tierwise": {"task_type": task_type}}


def test_the_complexity_router_asks_us_and_reports(stack: Any, run: Any, fresh: Any) -> None:
    async def use(client: Any) -> Any:
        plugin = RouterClassifier(client)
        litellm.callbacks = [plugin]
        router = litellm.Router(model_list=model_list(stack, plugin), num_retries=0)
        whole = await router.acompletion("auto", messages=ASK, tools=[TOOL], metadata=said("extract"))
        stream = await router.acompletion(
            "auto",
            messages=[*ASK, *ASK],
            metadata=said("classify"),
            stream=True,
            stream_options={"include_usage": True},
        )
        return whole, [chunk async for chunk in stream]

    whole, chunks = run(use)
    assert whole.choices[0].message.tool_calls[0].function.name == "weather"
    assert len(chunks) > 3
    found = fresh(None, 2)
    assert [(attempt.tier, attempt.model) for _, attempt in found] == [("small", "stub-small")] * 2
    assert all(attempt.input_tokens and attempt.output_tokens for _, attempt in found)
    assert all(a.cost_usd == pytest.approx((a.input_tokens + a.output_tokens) * 0.1 / 1e6) for _, a in found)
    assert [(step.step.task_type, len(step.step.messages)) for step, _ in found] == [("extract", 1), ("classify", 2)]


def test_a_stream_without_usage_has_its_cost(stack: Any, run: Any, fresh: Any) -> None:
    """Nobody asked for the usage: LiteLLM counts the words itself."""

    async def use(client: Any) -> Any:
        plugin = RouterClassifier(client)
        litellm.callbacks = [plugin]
        router = litellm.Router(model_list=model_list(stack, plugin), num_retries=0)
        stream = await router.acompletion("auto", messages=ASK, metadata=said("extract"), stream=True)
        return decision_id_of(stream), [chunk async for chunk in stream]

    decision_id, _ = run(use)
    ((step, attempt),) = fresh(None, 1)
    assert step.step_id == decision_id
    assert attempt.cost_usd == pytest.approx((attempt.input_tokens + attempt.output_tokens) * 0.1 / 1e6)
    assert attempt.cost_usd > 0


def test_the_same_call_at_the_same_time(stack: Any, run: Any, fresh: Any) -> None:
    """Each has a decision and an outcome of its own, for the tier that it went to, and tells its caller the id."""

    async def use(client: Any) -> Any:
        plugin = RouterClassifier(client)
        litellm.callbacks = [plugin]
        router = litellm.Router(model_list=model_list(stack, plugin), num_retries=0)
        tasks = ("extract", "plan") * 5
        return await asyncio.gather(*(router.acompletion("auto", messages=ASK, metadata=said(t)) for t in tasks))

    answers = run(use)
    found = {step.step_id: (step, attempt) for step, attempt in fresh(None, 10)}
    assert {decision_id_of(answer) for answer in answers} == set(found)
    for answer in answers:
        step, attempt = found[decision_id_of(answer)]
        assert answer.model == attempt.model == f"stub-{attempt.tier}"
        assert (step.decision.tier, attempt.error) == (attempt.tier, None)
    assert {attempt.tier for _, attempt in found.values()} == {"small", "frontier"}


def test_a_call_claims_the_decision_for_the_tier_that_it_goes_to(run: Any, fresh: Any) -> None:
    """Whatever came first: the same question was decided for two tiers, and the later one is called at once."""

    async def use(client: Any) -> Any:
        plugin = RouterClassifier(client)
        asked = [SimpleNamespace(structured_messages=ASK, metadata=said(task)) for task in ("extract", "plan")]
        tiers = [await plugin.classify(each) for each in asked]
        ids = list(plugin._waiting)
        found = []
        for tier in reversed(tiers):
            routed = {"routing_decision": {"cause": "classifier_plugin", "tier": tier}}
            call = await plugin.async_pre_call_deployment_hook({"messages": ASK, "metadata": routed}, None)
            assert await plugin.async_pre_call_deployment_hook(call, None) is None, "a retry keeps its decision"
            found.append(call["metadata"][METADATA_KEY])
        overruled = {"routing_decision": {"cause": "context_fit", "tier": tiers[0]}}
        await plugin.classify(asked[0])
        left = await plugin.async_pre_call_deployment_hook({"messages": ASK, "metadata": overruled}, None)
        return tiers, ids, found, left

    tiers, ids, found, left = run(use)
    assert tiers == ["SIMPLE", "REASONING"]
    assert found == ids[::-1]
    assert left is None
    assert fresh(None, 0) == []


def test_the_proxys_hook_names_the_model_and_reports(stack: Any, run: Any, fresh: Any) -> None:
    async def use(client: Any) -> Any:
        hook = RouterHook(client, {"small": "openai/stub-small", "mid": "openai/x", "frontier": "openai/fails-503"})
        litellm.callbacks = [hook]
        results = []
        for task, question in (("extract", ASK), ("plan", [*ASK, *ASK])):
            data = {"model": "auto", "messages": question, "tools": [TOOL], "metadata": said(task)}
            data = await hook.async_pre_call_hook(None, None, data, "completion")
            try:
                call = {**data, "api_base": stack.provider, "api_key": "unused", "num_retries": 0, "max_retries": 0}
                results.append((data, await litellm.acompletion(**call)))
            except litellm.exceptions.ServiceUnavailableError as error:
                results.append((data, error))
        return results

    (good, answer), (bad, error) = run(use)
    assert answer.usage.completion_tokens == 10
    assert (bad["model"], type(error).__name__) == ("openai/fails-503", "ServiceUnavailableError")
    (decided, first), (_, second) = fresh(None, 2)
    assert good["metadata"][METADATA_KEY] == decided.step_id
    assert (first.tier, first.input_tokens, first.output_tokens, first.error) == ("small", 14, 10, None)
    assert (second.tier, second.success, second.error) == ("frontier", None, "ServiceUnavailableError")


def test_what_the_hook_cannot_read_or_has_no_model_for(stack: Any, run: Any, fresh: Any) -> None:
    """An odd body goes on as it is, and a tier without a model is stood in for by the next dearer one."""

    async def use(client: Any) -> Any:
        hook = RouterHook(client, {"frontier": "openai/stub-frontier"})
        litellm.callbacks = [hook]
        odd = {"model": "auto", "messages": "no list"}
        assert await hook.async_pre_call_hook(None, None, dict(odd), "completion") == odd
        data = {"model": "auto", "messages": ASK, "metadata": said("extract")}
        data = await hook.async_pre_call_hook(None, None, data, "completion")
        await litellm.acompletion(**data, api_base=stack.provider, api_key="unused")
        return data["model"]

    assert run(use) == "openai/stub-frontier"
    ((step, attempt),) = fresh(None, 1)
    assert (step.decision.tier, attempt.tier) == ("small", "frontier")
    assert attempt.cost_usd > 0


def test_other_models_pass_the_hook_untouched(run: Any, fresh: Any) -> None:
    async def use(client: Any) -> Any:
        hook = RouterHook(client, {})
        return await hook.async_pre_call_hook(None, None, {"model": "gpt", "messages": ASK}, "completion")

    assert run(use) == {"model": "gpt", "messages": ASK}
    assert fresh(None, 0) == []
