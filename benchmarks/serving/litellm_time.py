"""Times LiteLLM's rule classifier, run by an interpreter that has ``litellm``: texts in, microseconds out, as JSON.

Imports nothing of Tierwise, because LiteLLM wants other versions of the same libraries. No network: the price map that
comes with the package is used.
"""

import json
import os
import sys
import time
from importlib.metadata import version
from statistics import median

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


def main() -> None:
    from litellm import Router
    from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter

    tiers = {"SIMPLE": "small", "MEDIUM": "mid", "COMPLEX": "frontier", "REASONING": "frontier"}
    deployments = [{"model_name": name, "litellm_params": {"model": f"openai/{name}"}} for name in set(tiers.values())]
    rules = ComplexityRouter("auto", Router(model_list=deployments), {"tiers": tiers, "default_model": "mid"})
    cpu_us = []
    for text in json.load(sys.stdin):
        rounds = []
        for _ in range(9):
            begin = time.thread_time()
            for _ in range(50):
                rules.classify(text)
            rounds.append((time.thread_time() - begin) / 50 * 1e6)
        cpu_us.append(median(rounds))
    json.dump({"version": version("litellm"), "cpu_us": cpu_us}, sys.stdout)


if __name__ == "__main__":
    main()
