"""LiteLLM's complexity router as a contestant: as it comes, by its trained predictor, and with its score fitted.

LiteLLM scores the text of a step in an interpreter of its own (``--litellm-python``). Three rows come of it: the tier
that its rules name; its shipped predictor of success, with mean costs; and the rules' score as the only feature of a
logistic regression fitted to the same training steps.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.decisions.answers import Answers
from benchmarks.decisions.problem import Floats, Fold
from tierwise.data.errors import TierwiseError
from tierwise.data.records import Step
from tierwise.training.evaluation.curve import Forecast

_SCRIPT = Path(__file__).with_name("litellm_scores.py")


@dataclass(frozen=True, slots=True)
class LiteLlmScorer:
    """Scores by LiteLLM, kept on disk by prompts and version."""

    python: Path
    litellm_version: str
    store: Path

    @classmethod
    def find(cls, python: Path, store: Path) -> "LiteLlmScorer":
        """Raises ``TierwiseError`` when the interpreter does not have ``litellm``."""
        ask = "from importlib.metadata import version; print(version('litellm'))"
        found = subprocess.run([python, "-c", ask], capture_output=True, text=True)
        if found.returncode:
            raise TierwiseError(f"{python} does not have litellm; run: {python} -m pip install litellm")
        return cls(python, found.stdout.strip(), store)

    def scores(self, steps: Sequence[Step]) -> list[dict[str, Any]]:
        """For each step ``model``, ``score`` and ``p_success`` of LiteLLM's four tiers."""
        prompts = json.dumps([step.prompt for step in steps])
        path = self.store / f"litellm-{self.litellm_version}-{sha256(prompts.encode()).hexdigest()[:16]}.json"
        if not path.is_file():
            run = subprocess.run([self.python, _SCRIPT], input=prompts, capture_output=True, text=True)
            if run.returncode:
                raise TierwiseError(f"litellm {self.litellm_version}: {run.stderr.strip().splitlines()[-1]}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(run.stdout, encoding="utf-8")
        scores: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return scores

    def of_rows(self, fold: Fold, rows: np.ndarray) -> list[dict[str, Any]]:
        scores = self.scores([logged.step for logged in fold.problem.steps])
        return [scores[row] for row in rows]


@dataclass(frozen=True, slots=True)
class LiteLlmRules:
    """What its rules name: SIMPLE small, MEDIUM mid, COMPLEX and REASONING frontier. Knows no tolerated loss."""

    scorer: LiteLlmScorer
    name: str = "LiteLLM complexity router"
    has_probabilities: bool = False

    @property
    def version(self) -> str:
        return self.scorer.litellm_version

    def answer(self, fold: Fold) -> Answers:
        place = {"small": 0, "mid": (len(fold.catalogue) - 1) // 2, "frontier": len(fold.catalogue) - 1}
        chosen = [place[row["model"]] for row in self.scorer.of_rows(fold, fold.test)]
        return Answers.choices(np.array(chosen, dtype=np.int64), len(fold.catalogue))


@dataclass(frozen=True, slots=True)
class LiteLlmPredictor:
    """Its shipped predictor of success, whose fourth tier stands for the top one."""

    scorer: LiteLlmScorer
    name: str = "LiteLLM trained predictor"
    has_probabilities: bool = True

    @property
    def version(self) -> str:
        return self.scorer.litellm_version

    def predict(self, fold: Fold) -> Forecast:
        p_success = np.array([row["p_success"] for row in self.scorer.of_rows(fold, fold.test)])
        places = np.linspace(0, p_success.shape[1] - 1, len(fold.catalogue)).round().astype(int)
        return Forecast(p_success[:, places], _mean_costs(fold))


@dataclass(frozen=True, slots=True)
class LiteLlmScoreFitted:
    """Success by logistic regression on the score and its square; mean costs."""

    scorer: LiteLlmScorer
    name: str = "LiteLLM score, fitted to the log"
    has_probabilities: bool = True

    @property
    def version(self) -> str:
        return self.scorer.litellm_version

    def predict(self, fold: Fold) -> Forecast:
        train, test = (self._columns(fold, rows) for rows in (fold.train, fold.test))
        p_success = [_fitted(train, success, test) for success in fold.success.T]
        return Forecast(np.stack(p_success, axis=1), _mean_costs(fold))

    def _columns(self, fold: Fold, rows: np.ndarray) -> Floats:
        score = np.array([row["score"] for row in self.scorer.of_rows(fold, rows)])
        return np.stack([score, score**2], axis=1)


def _fitted(train: Floats, success: Floats, test: Floats) -> Floats:
    known = ~np.isnan(success)
    if len(np.unique(success[known])) < 2:
        return np.full(len(test), float(success[known].mean()))
    return np.asarray(LogisticRegression(C=100.0).fit(train[known], success[known]).predict_proba(test)[:, 1])


def _mean_costs(fold: Fold) -> Floats:
    return np.tile(np.nanmean(fold.cost_usd, axis=0), (len(fold.test), 1))
