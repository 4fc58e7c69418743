"""Confidences of cascadeflow in drafts, run by an interpreter that has ``cascadeflow``: pairs in, scores out, as JSON.

    python cascadeflow_scores.py < pairs.json > scores.json

Each pair is ``[prompt, answer]``. Imports nothing of Tierwise. No log-probabilities are given: the logs have none.
"""

import json
import sys


def main() -> None:
    from cascadeflow.quality.confidence import ProductionConfidenceEstimator

    estimator = ProductionConfidenceEstimator()
    pairs = json.load(sys.stdin)
    scores = [estimator.estimate(response=answer, query=prompt).final_confidence for prompt, answer in pairs]
    json.dump(scores, sys.stdout)


if __name__ == "__main__":
    main()
