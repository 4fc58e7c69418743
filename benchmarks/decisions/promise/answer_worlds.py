"""Worlds in which tiers answer: does what is certified of courses hold, with labels and without any?

A step has one right answer and one wrong answer that is popular: tiers that fail give it as often as the world says, so
that two cheap tiers agree on what is wrong. Where ``unlike_itself`` is above 0, so many of the top tier's answers are
other ones at random, as good as before but not the same; of ``merged`` of the cheap answers the log says what the top
tier said, though they said something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.promise.guarantee_kinds import KINDS
from benchmarks.decisions.promise.guarantee_world import CATALOGUE, LIGHT
from tierwise.data.records import Attempt, LoggedStep
from tierwise.router_model.accepting.played import Played, play
from tierwise.router_model.options import DecideOptions
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.synthetic.task_logs import full, mirrored, task_log
from tierwise.training.evaluation.synthetic.task_worlds import FreshSteps, TaskWorld
from tierwise.training.evaluation.synthetic.world_logs import world_step
from tierwise.training.train import train_router

Answers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MAX_LOSSES = (0.03, 0.1)
N_FRESH = 2500
_TOP = len(CATALOGUE) - 1
_N_NUMBERS = 10**9


@dataclass(frozen=True, slots=True)
class AnswerKind:
    """``world`` names the kind of :data:`KINDS` that steps come from; ``mirrored_share`` 1 is a log of all answers."""

    name: str
    about: str
    world: str
    target: str
    n_steps: int = 1500
    mirrored_share: float = 1.0
    unlike_itself: float = 0.0
    merged: float = 0.0


_SAME = "same-answer"
_ALL = (
    AnswerKind("labelled", "every tier's answer with its outcome", "single steps", "success"),
    AnswerKind("labelled tasks", "the same in tasks of 2, 5 or 10 steps", "tasks", "success", 2500),
    AnswerKind("no labels", "every tier's answer, no outcome", "single steps", _SAME),
    AnswerKind("no labels, tasks", "the same in tasks of 2, 5 or 10 steps", "tasks", _SAME, 2500),
    AnswerKind("mirrored", "no outcome; cheap answers to 30 % of the steps", "single steps", _SAME, 4000, 0.3),
    AnswerKind("unlike itself", "no outcome; 5 % of the top answers at random", "single steps", _SAME, 1500, 1.0, 0.05),
    AnswerKind(
        "wrong merges", "the same, and 1 % of the cheap answers taken for the top tier's", "single steps", _SAME, 1500,
        1.0, 0.05, 0.01,
    ),
)  # fmt: skip
ANSWER_KINDS: dict[str, AnswerKind] = {kind.name: kind for kind in _ALL}


def measure_answer_world(kind: AnswerKind, seed: int, config: TrainConfig = LIGHT) -> dict[str, Any]:
    """A line of the store: by tolerated loss what courses and single shots lose, how many differ, what they save."""
    rng = np.random.default_rng([seed, 79])
    world = KINDS[kind.world].draw_world(seed)
    popularity = float(rng.uniform(0.0, 0.6))
    log = _log(world, kind, popularity, seed, rng)
    fresh = world.fresh(N_FRESH, seed=2)
    told, meant = answers_of(fresh.success[0], popularity, kind, rng)
    about: dict[str, Any] = {"kind": kind.name, "seed": seed, "n_steps": len(log), "popularity": popularity}
    try:
        router = train_router(log, CATALOGUE, replace(config, target=kind.target)).router()
    except TrainingError as error:
        return about | {"refused": str(error)}
    steps = [_fresh_step(fresh, told, row) for row in range(len(fresh))]
    about["targets"] = {}
    for max_loss in MAX_LOSSES:
        options = DecideOptions(max_quality_loss=max_loss)
        decided = router.decide_many([one.step for one in steps], options)
        single = [CATALOGUE.names.index(one.tier) for one in decided]
        courses = _Used.of([play(router, step, options) for step in steps])
        shots = _Used(np.array(single), [(tier,) for tier in single])
        about["targets"][str(max_loss)] = {
            "courses": courses.judged(fresh, meant) | {"n_courses": courses.n_courses},
            "single": shots.judged(fresh, meant),
        }
    return about


@dataclass(frozen=True, slots=True)
class _Used:
    """Of every step the tier whose answer is used, int64 [n], and all that were asked."""

    final: NDArray[np.int64]
    asked: Sequence[tuple[int, ...]]

    @classmethod
    def of(cls, played: Sequence[Played]) -> "_Used":
        names = CATALOGUE.names
        final = np.array([names.index(one.final) for one in played])
        return cls(final, [tuple(map(names.index, one.asked)) for one in played])

    @property
    def n_courses(self) -> int:
        return int(
            sum(len(tiers) > 1 or tiers[0] != final for tiers, final in zip(self.asked, self.final, strict=True))
        )

    def judged(self, fresh: FreshSteps, meant: Answers) -> dict[str, float]:
        """``different`` is the share of answers that are not what the top tier answered, ``loss`` that of success,
        relative to the top tier's, ``lost`` the same of all steps, ``saving`` relative to each step's top-tier cost."""
        rows, cost = np.arange(len(fresh)), fresh.steps.expected_cost_usd
        success = fresh.success[0]
        lost = float((success[:, -1] - success[rows, self.final]).mean())
        paid = [cost[row, list(tiers)].sum() / cost[row, -1] for row, tiers in enumerate(self.asked)]
        return {
            "different": float((meant[rows, self.final] != meant[:, -1]).mean()),
            "loss": lost / float(success[:, -1].mean()),
            "lost": lost,
            "saving": float(1 - np.mean(paid)),
        }


def _log(
    world: TaskWorld, kind: AnswerKind, popularity: float, seed: int, rng: np.random.Generator
) -> list[LoggedStep]:
    drawn = world.draw(kind.n_steps, seed=1)
    logging = full if kind.mirrored_share == 1 else mirrored(kind.mirrored_share)
    told, _ = answers_of(drawn.success, popularity, kind, rng)
    log = task_log(drawn, logging, CATALOGUE.names, seed)
    return [_with_answers(one, told[row], kind.target) for row, one in enumerate(log)]


def _with_answers(logged: LoggedStep, told: Answers, target: str) -> LoggedStep:
    attempts = [replace(one, output=_text(told[CATALOGUE.names.index(one.tier)])) for one in logged.attempts]
    if target == _SAME:
        attempts = [replace(one, success=None) for one in attempts]
    return replace(logged, attempts=tuple(attempts))


def _fresh_step(fresh: FreshSteps, told: Answers, row: int) -> LoggedStep:
    attempts = tuple(Attempt(name, output=_text(told[row, tier])) for tier, name in enumerate(CATALOGUE.names))
    return LoggedStep(f"fresh-{row}", world_step(fresh.steps, row), attempts)


def _text(answer: np.int64) -> str:
    return f"The answer is {answer}."


def answers_of(
    success: NDArray[np.float64], popularity: float, kind: AnswerKind, rng: np.random.Generator
) -> tuple[Answers, Answers]:
    """What is read of every tier's answer and what it says, int64 [n, k] each; they differ where answers are merged."""
    right, popular = (rng.integers(_N_NUMBERS, size=(len(success), 1)) for _ in range(2))
    own = rng.integers(_N_NUMBERS, size=success.shape)
    wrong = np.where(rng.random(success.shape) < popularity, popular, own)
    meant = np.where(success == 1, right, wrong)
    is_other = rng.random(len(meant)) < kind.unlike_itself
    meant[is_other, _TOP] = own[is_other, _TOP]
    told = np.where(rng.random(meant.shape) < kind.merged, meant[:, [_TOP]], meant)
    return told, meant
