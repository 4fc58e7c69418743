"""LiteLLM's complexity router with Tierwise as its classifier. Needs ``tierwise[serve,litellm]``:

python examples/litellm_routed.py
"""

import asyncio
import os

from local_stack import LocalStack, local_stack

from tierwise.agents.client import AsyncClient

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # LiteLLM would fetch its prices otherwise


async def run(stack: LocalStack) -> None:
    import litellm

    from tierwise.agents.adapters.litellm import RouterClassifier

    async with AsyncClient(stack.service, tiers=stack.tiers, spool=None, deadline_ms=1000) as client:
        classifier = RouterClassifier(client)
        litellm.callbacks = [classifier]
        where = {"api_base": stack.provider, "api_key": "unused"}
        groups = [
            {"model_name": tier, "litellm_params": {"model": f"openai/stub-{tier}", **where}}
            for tier in client.catalogue.names
        ]
        config = {
            "classifier_type": "custom",
            "classifier_plugin": classifier,
            "tiers": {"SIMPLE": "small", "MEDIUM": "mid", "COMPLEX": "frontier", "REASONING": "frontier"},
        }
        auto = {"model": "auto_router/complexity_router", "complexity_router_config": config}
        router = litellm.Router(model_list=[*groups, {"model_name": "auto", "litellm_params": auto}])
        for task_type, text in (("extract", "Extract the total."), ("plan", "Plan the migration.")):
            metadata = {"tierwise": {"task_type": task_type}}
            answer = await router.acompletion("auto", messages=[{"role": "user", "content": text}], metadata=metadata)
            print(answer.choices[0].message.content)
        while classifier.n_waiting:  # LiteLLM logs behind the answer
            await asyncio.sleep(0.05)
        await asyncio.to_thread(client.flush)


def main() -> None:
    with local_stack() as stack:
        asyncio.run(run(stack))
        stack.print_log(n_attempts=2)


if __name__ == "__main__":
    main()
