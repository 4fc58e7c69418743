"""The training configuration key by key, as a ``train.toml`` to start from."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.training.config import TrainConfig
from tierwise.training.fitting.tier_classifier import BoosterParams

KEYS: Mapping[str, str] = {
    "seed": "the same log and seed give the same bundle",
    "n_folds": "parts of the log for cross-fitting; whole tasks and groups stay together",
    "n_repeats": "draws of those parts, at most; a long log needs fewer",
    "n_components": "components of the sentence embedding; 0 uses none",
    "confidence": "of the bound on the loss of success",
    "max_quality_loss": "relative loss of success that is tolerated where a request does not say",
    "unfamiliar_share": "share of familiar steps that the caution on unfamiliar ones may cost",
    "n_similar_steps": "logged steps that must be near to make a step familiar",
    "n_reference_steps": "logged steps kept in the bundle to compare with",
    "half_life_days": "age at which a step counts half; left out: no ageing",
    "parts": 'field of the step by whose values the promise is certified; "none": for the whole log alone',
    "cost": 'how a step\'s cost counts: "relative" to its own on the top tier, or in "dollars"',
    "target": 'what an attempt is for: "success", or "same-answer" as the top tier, which needs no outcomes',
    "spread": "how far equal-looking steps lean by their text, so that they leave the top tier bit by bit; 0: none",
    "weak_weight": "what a step counts of which only the end of its task is known (task_success); 0: nothing",
    "task_memory": "the router hears what came of a task's earlier steps; its service has to remember them",
    "max_steps": "steps of a longer log that are drawn at random to learn from; 0: all",
    "trained_by": "who answers for the router: a team, an address; stands in its card",
    "booster.n_rounds": "trees",
    "booster.learning_rate": "weight of each tree",
    "booster.num_leaves": "leaves of a tree",
    "booster.min_child_samples": "least steps in a leaf",
    "booster.min_sum_hessian": "least weight of a leaf",
    "booster.feature_fraction": "share of the features that a tree sees",
    "booster.bagging_fraction": "share of the steps that a tree sees",
    "booster.lambda_l2": "pull of the leaves towards zero",
    "booster.max_bin": "steps of a feature's histogram",
    "booster.n_threads": "threads; the bytes of a bundle depend on it",
    "guardrails.min_tier": "lowest tier for every step; left out: none",
    "guardrails.max_tier": "highest tier for every step; left out: none",
    "guardrails.human_visible_min_tier": "lowest tier for steps whose output people see",
    "guardrails.judgment_min_tier": "lowest tier for steps that require judgment",
    "guardrails.stuck_min_tier": "lowest tier for the steps of an agent that is stuck",
}


def describe_config(config: TrainConfig) -> str:
    """``config`` as TOML with a comment for each key; keys without a value stand commented out.

    A key that nobody has described yet stands there without a comment.
    """
    tables: dict[str, object] = {"booster": config.booster, "guardrails": config.guardrails}
    lines = ["# train.toml: what is left out keeps the value that stands here."]
    lines += [_line(f.name, getattr(config, f.name), "") for f in fields(TrainConfig) if f.name not in tables]
    for name, kind in (("booster", BoosterParams), ("guardrails", Guardrails)):
        lines += ["", f"[{name}]"]
        lines += [_line(f.name, getattr(tables[name], f.name), f"{name}.") for f in fields(kind)]
    return "\n".join(lines) + "\n"


def _line(name: str, value: Any, table: str) -> str:
    shown = f"{name} = {_toml(value)}" if value is not None else f"# {name} ="
    comment = KEYS.get(f"{table}{name}", "")
    return f"{shown:<34} # {comment}" if comment else shown


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
