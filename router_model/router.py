"""The learned router: one step in, one decision out, in process and without any training library."""

import logging
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.courses import ALWAYS, Accepted, Course
from tierwise.data.parsing import parse_step
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Decision, Reason, Step
from tierwise.data.serialise import step_to_dict
from tierwise.features.evidence import Answer
from tierwise.router_model.accepting.courses import Ordered, accepted, check_answers, ordered_course
from tierwise.router_model.bundle import Bundle, BundleError, RouterParts, read_bundle
from tierwise.router_model.choosing.escalation import Escalations, Outlook, expect_escalations
from tierwise.router_model.choosing.guardrails import Guardrails, open_tiers
from tierwise.router_model.choosing.leaning import leaning
from tierwise.router_model.explanation import explain
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.predicting.chain import Floats
from tierwise.router_model.predicting.predictor import OneStep, Prediction
from tierwise.router_model.stages import Stage, unobserved

_LOGGER = logging.getLogger(__name__)
_GOLDEN_TOLERANCE = 1e-3


class Router:
    """Decides with a bundle.

    >>> router = Router.load("bundle")                                          # doctest: +SKIP
    >>> router.decide(Step(text="Extract the total.", task_type="extract")).tier  # doctest: +SKIP
    'small'
    """

    policy = "learned"

    def __init__(self, parts: RouterParts, version: str) -> None:
        self.version = version
        self.is_slow = parts.has_transformer
        self.parts = parts
        self._pipeline = parts.pipeline()
        self._predictor = parts.predictor()
        self._stage: Stage = unobserved
        self._trouble = TroubleLog(_LOGGER)

    @classmethod
    def load(cls, folder: Path | str) -> "Router":
        """Reads a bundle, checks its digests and replays its golden rows. Raises ``BundleError``."""
        bundle = read_bundle(folder)
        try:
            router = cls(bundle.parts, bundle.version)
            router.check_golden(bundle)
        except BundleError:
            raise
        except Exception as error:  # whatever a graph, a tokenizer or a golden row of another program leads to
            raise BundleError(f"the bundle {folder} cannot be used: {type(error).__name__}: {error}") from error
        return router

    @property
    def catalogue(self) -> TierCatalogue:
        return self.parts.catalogue

    @property
    def guardrails(self) -> Guardrails:
        return self.parts.policy.guardrails

    def guarded(self, guardrails: Guardrails) -> "Router":
        """The same router within other guardrails, where they are set. Raises ``CatalogueError`` for unknown tiers."""
        guardrails.check(self.catalogue)
        router = copy(self)
        policy = replace(self.parts.policy, guardrails=self.guardrails.overlaid(guardrails))
        router.parts = replace(self.parts, policy=policy)
        return router

    def observed(self, stage: Stage) -> "Router":
        """The same router; each decision runs its stages ``features``, ``predict`` and ``policy`` through ``stage``."""
        router = copy(self)
        router._stage = stage
        return router

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
        """The tier for ``step``. Trouble inside the router gives the fallback tier, never an exception.

        Raises ``RecordError`` for options that cannot be honoured.
        """
        return self.decide_many([step], options)[0]

    def decide_many(self, steps: Sequence[Step], options: DecideOptions = NO_OPTIONS) -> list[Decision]:
        """One decision a step, in order, each the same as if it were decided alone."""
        if options is not NO_OPTIONS:
            options.check(self.catalogue)
        try:
            decided = self._decide(steps, options)
            return (
                [self._with_course(*one, options) for one in zip(steps, decided, strict=True)]
                if options.courses
                else decided
            )
        except Exception as error:  # whatever breaks in here, the caller's agent must go on
            if len(steps) > 1:  # and what breaks on one step costs the others nothing
                return [self.decide(step, options) for step in steps]
            self._trouble.tell("the router failed; the fallback tier is used", error)
            return [self.fallback(step, options, "trouble", "The router failed.") for step in steps]

    def course(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Course:
        """What to ask for ``step``, how to accept it, what to ask otherwise. Trouble gives the fallback tier alone."""
        found = self.decide(step, replace(options, courses=True))
        return found.course or Course((found.tier,), ALWAYS, found.tier)

    def accept(self, step: Step, answers: Sequence[Answer], options: DecideOptions = NO_OPTIONS) -> Accepted:
        """What to do with the ``answers`` that the course of ``step`` asked for; ``options`` are those of the course.

        Trouble inside asks the dearest open tier. Raises ``RecordError`` for options or tiers that cannot be.
        """
        options.check(self.catalogue)
        check_answers(answers, self.catalogue)
        try:
            return self._accept(step, answers, options)
        except Exception as error:  # whatever breaks in here, the caller's agent must go on
            self._trouble.tell("judging answers failed; the dearest open tier is asked", error)
            top = self.fallback(step, options, "trouble", "").tier
            return Accepted(None, top, Reason("trouble", "The router failed. The dearest open tier is asked."))

    def predict(self, steps: Sequence[Step]) -> Prediction:
        """Probabilities and costs on every tier, one row a step, for those who want to expect rather than decide."""
        return self._predictor.predict(self._pipeline.transform(steps))

    def fallback(self, step: Step, options: DecideOptions, code: str, text: str) -> Decision:
        """The dearest open tier, marked as a fallback."""
        allowed = open_tiers(step, options, self.parts.policy.guardrails, self.catalogue)
        tier = self.catalogue.tiers[allowed.high]
        return Decision(
            tier=tier.name,
            model=tier.model.name if tier.model else None,
            policy=self.policy,
            router_version=self.version,
            reason=Reason(code, f"{text} The dearest open tier is taken."),
            is_fallback=True,
        )

    def golden_row(self, step: Step) -> dict[str, Any]:
        """The step with the decision that this router takes: a line of ``golden.jsonl``."""
        decision = self._decide([step], NO_OPTIONS)[0]
        return {
            "step": step_to_dict(step),
            "tier": decision.tier,
            "p_success": dict(decision.p_success),
            "expected_cost_usd": dict(decision.expected_cost_usd),
        }

    def check_golden(self, bundle: Bundle) -> None:
        """Raises ``BundleError`` when a golden row comes out different."""
        for number, row in enumerate(bundle.golden, start=1):
            found = self.golden_row(parse_step(row["step"]))
            expected_p, expected_cost = row["p_success"], row["expected_cost_usd"]
            is_near = found["p_success"].keys() == expected_p.keys() and all(
                abs(found["p_success"][tier] - expected_p[tier]) < _GOLDEN_TOLERANCE
                and abs(found["expected_cost_usd"][tier] / expected_cost[tier] - 1) < _GOLDEN_TOLERANCE
                for tier in expected_p
            )
            if not is_near:
                raise BundleError(f"{bundle.folder}: golden row {number} comes out different; train it again here")

    def _decide(self, steps: Sequence[Step], options: DecideOptions) -> list[Decision]:
        if not steps:
            return []
        vectors, texts = self._stage("features", self._pipeline.read, steps)
        leanings = self._leanings(texts)
        if len(steps) == 1 and options.is_plain:
            foreseen = self._stage("predict", self._predictor.predict_one, vectors[0])
            return [self._stage("policy", self._decision_of_one, steps[0], options, vectors[0], foreseen, leanings[0])]
        prediction = self._stage("predict", self._predictor.predict, vectors)
        return self._stage("policy", self._decisions, steps, options, vectors, prediction, leanings)

    def _leanings(self, texts: Sequence[str]) -> list[float]:
        return [leaning(text) for text in texts] if self.parts.policy.spread else [0.0] * len(texts)

    def _decision_of_one(
        self, step: Step, options: DecideOptions, vector: NDArray[np.float32], foreseen: OneStep, lean: float
    ) -> Decision:
        is_unfamiliar = not self.parts.familiarity.is_familiar(vector)
        p_success, cost_usd = foreseen.chain.p_success, foreseen.cost_usd
        return self._decision(step, options, p_success, Outlook(p_success, cost_usd, is_unfamiliar, lean), cost_usd)

    def _accept(self, step: Step, answers: Sequence[Answer], options: DecideOptions) -> Accepted:
        vectors, texts = self._pipeline.read([step])
        prediction = self._predictor.predict(vectors)
        (decision,) = self._decisions([step], options, vectors, prediction, self._leanings(texts))
        found = self._ordered(step, decision, options)
        return accepted(step, answers, found, self.parts.courses, self.parts.schema, vectors, prediction)

    def _ordered(self, step: Step, decision: Decision, options: DecideOptions) -> Ordered:
        menu = None if self.parts.courses is None else self.parts.courses.menu
        return ordered_course(step, decision, options, menu, self.catalogue, self.parts.policy)

    def _with_course(self, step: Step, decision: Decision, options: DecideOptions) -> Decision:
        return replace(decision, course=self._ordered(step, decision, options).course)

    def _decisions(
        self,
        steps: Sequence[Step],
        options: DecideOptions,
        vectors: NDArray[np.float32],
        prediction: Prediction,
        leanings: Sequence[float],
    ) -> list[Decision]:
        single, cascade = self._outlooks(prediction, options)
        has_cascade = [self.parts.policy.has_cascade(step, options) for step in steps]
        is_unfamiliar = self.parts.familiarity.is_unfamiliar(vectors)
        p_success = prediction.probabilities.p_success.tolist()
        decisions = [
            self._decision(
                step,
                options,
                p_success[row],
                (cascade if escalates else single).of(row, bool(unfamiliar), leanings[row]),
                cascade.cost_usd[row].tolist(),
            )
            for row, (step, escalates, unfamiliar) in enumerate(zip(steps, has_cascade, is_unfamiliar, strict=True))
        ]
        if options.explain:
            each = zip(steps, decisions, vectors, leanings, strict=True)
            return [self._explained(step, one, vector, lean, options) for step, one, vector, lean in each]
        return decisions

    def _outlooks(self, prediction: Prediction, options: DecideOptions) -> tuple[Escalations, Escalations]:
        """What starting on each tier comes to: in one attempt, and with a verifier in all attempts of an escalation."""
        cost_usd = self._with_warm_cache(prediction.cost_usd, options)
        single = Escalations(prediction.probabilities.p_success, cost_usd)
        if not options.catch_rate:
            return single, single
        return single, expect_escalations(prediction.probabilities, cost_usd, options.catch_rate)

    def _explained(
        self, step: Step, decision: Decision, vector: NDArray[np.float32], lean: float, options: DecideOptions
    ) -> Decision:
        found, names = explain(step, decision, vector, lean, self._predictor, self.parts, options), self.catalogue.names
        return replace(decision, explanation=found.sentences(names), explanation_figures=found.to_mapping(names))

    def _decision(
        self, step: Step, options: DecideOptions, p_success: list[float], outlook: Outlook, cost_usd: list[float]
    ) -> Decision:
        policy, names = self.parts.policy, self.catalogue.names
        allowed = open_tiers(step, options, policy.guardrails, self.catalogue)
        choice = policy.choose(step, outlook, allowed, options)
        tier = self.catalogue.tiers[choice.tier]
        return Decision(
            tier=tier.name,
            model=tier.model.name if tier.model else None,
            policy=self.policy,
            router_version=self.version,
            reason=choice.reason,
            p_success=dict(zip(names, p_success, strict=True)),
            expected_cost_usd=dict(zip(names, cost_usd, strict=True)),
            is_unfamiliar=outlook.is_unfamiliar,
        )

    def _with_warm_cache(self, cost_usd: Floats, options: DecideOptions) -> Floats:
        """Costs float64 [n, k] less what the providers' prompt caches save on the tiers that hold the session.

        No more is saved than if the whole step were paid at the cached price, however much the cache holds.
        """
        warm = options.warm_tokens
        if not warm:
            return cost_usd
        found = cost_usd.copy()
        for name, n_tokens in warm.items():
            tier = self.catalogue.index(name)
            model = self.catalogue.tiers[tier].model
            if model is not None and model.input_usd_per_mtok and model.cached_input_usd_per_mtok is not None:
                saved_per_mtok = max(0.0, model.input_usd_per_mtok - model.cached_input_usd_per_mtok)
                most = cost_usd[:, tier] * saved_per_mtok / model.input_usd_per_mtok
                found[:, tier] -= np.minimum(n_tokens * saved_per_mtok / 1e6, most)
        return found
