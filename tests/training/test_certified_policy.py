"""The policy of a log carries everything that was certified and what it rests on."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.certification.test_parts import log_of
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.training.certification.parts import certify_parts
from tierwise.training.certified_policy import certified_policy
from tierwise.training.config import TrainConfig


@pytest.mark.slow
def test_a_policy_carries_its_evidence_and_what_was_asked_for() -> None:
    log = log_of({"easy": 300, "dear": 100}, {"easy": 1.0, "dear": 0.5}, cost=10.0)
    is_dear = np.array([each.step.task_type == "dear" for each in log.steps])
    log = replace(log, recency=np.where(is_dear, 1.0, 0.5))
    config = TrainConfig(
        parts="task_type",
        confidence=0.8,
        max_quality_loss=0.07,
        spread=0.2,
        guardrails=Guardrails(stuck_min_tier="frontier"),
    )
    found, policy = certify_parts(log, "task_type", 0.8), certified_policy(log, config)
    assert (policy.points, policy.parts, policy.together) == (found.whole.points, found.parts, found.together)
    assert (policy.tiers, policy.missing, policy.cascades) == (found.whole.tiers, "", found.whole.cascades)
    assert (policy.n_steps, policy.n_tasks) == (400, 400)
    assert policy.n_effective == 400.0
    assert policy.cost_scale_usd == pytest.approx((300 / 2 + 100 * 10) / 250), "by recency"
    asked = ("part_field", "confidence", "spread", "guardrails", "target", "is_relative")
    assert [getattr(policy, name) for name in asked] == [getattr(config, name) for name in asked]
    assert policy.default_max_quality_loss == 0.07
