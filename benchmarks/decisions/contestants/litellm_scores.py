"""Scores of LiteLLM's complexity router, run by an interpreter that has ``litellm``: prompts in, scores out, as JSON.

    python litellm_scores.py < prompts.json > scores.json

Imports nothing of Tierwise, because LiteLLM wants other versions of the same libraries. No network: the price map that
comes with the package is used.
"""

import json
import os
import sys
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


def main() -> None:
    from litellm import Router
    from litellm.router_strategy.adaptive_router.classifier import classify_prompt
    from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter
    from litellm.router_strategy.complexity_router.tier_predictor import TierSuccessPredictor, resolve_tier_artifact

    models = {"SIMPLE": "small", "MEDIUM": "mid", "COMPLEX": "frontier", "REASONING": "frontier"}
    deployments = [{"model_name": name, "litellm_params": {"model": f"openai/{name}"}} for name in set(models.values())]
    config: dict[str, Any] = {"tiers": models, "default_model": "mid"}
    rules = ComplexityRouter("auto", Router(model_list=deployments), config)
    trained = TierSuccessPredictor(resolve_tier_artifact(rules.config.heuristic_v2_artifact))
    answers = []
    for prompt in json.load(sys.stdin):
        tier, score, _ = rules.classify(prompt)
        forecast = trained.predict(prompt, classify_prompt(prompt))
        probabilities = [forecast.probabilities[index] for index in sorted(forecast.probabilities)]
        answers.append({"model": models[tier.value], "score": score, "p_success": probabilities})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
