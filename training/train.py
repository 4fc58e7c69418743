"""From logged steps to a router: the story on one page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.draw import DrawnSteps, draw_steps
from tierwise.data.drawing.splits import assign_folds, split_unit
from tierwise.data.labels import OutcomeTable, outcome_table
from tierwise.data.program.version import VERSION
from tierwise.data.records import LoggedStep, Step
from tierwise.data.sensitive.text import redact_name
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.encoders.static import STATIC_FOLDER
from tierwise.features.pipeline import FeaturePipeline
from tierwise.features.schema import FeatureSchema
from tierwise.features.tasks import rebuilt
from tierwise.router_model.accepting.courses import CourseParts
from tierwise.router_model.bundle import RouterParts, write_bundle
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.knowing.familiarity import Familiarity
from tierwise.router_model.knowing.neighbours import LoggedSteps
from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import chain_rows
from tierwise.router_model.predicting.predictor import tier_rows
from tierwise.router_model.router import Router
from tierwise.training.accepting.with_courses import certified_with_courses
from tierwise.training.certification.units import unit_codes
from tierwise.training.certified_policy import (
    final_expectations,
    fit_what_is_familiar,
    held_out_log,
)
from tierwise.training.config import TrainConfig
from tierwise.training.encoding import Encoding, encode_steps
from tierwise.training.engines.engine import Engine
from tierwise.training.engines.local import LocalEngine
from tierwise.training.errors import TrainingError
from tierwise.training.evidence import Witness, speaking_steps
from tierwise.training.fitting.calibration import fit_calibration
from tierwise.training.fitting.chain_model import ChainModel
from tierwise.training.fitting.costs import CostModel, complete_costs
from tierwise.training.fitting.cross_fit import CrossFit, TrainingRows, cross_fit, repeat_seed, with_rounds
from tierwise.training.fitting.perturbation import perturbed_copies
from tierwise.training.fitting.recency import recency_weights
from tierwise.training.golden_steps import GOLDEN_STEPS
from tierwise.training.onnx_export import export_booster
from tierwise.training.progress import Progress, silent_progress
from tierwise.training.same_answer import targeted
from tierwise.training.weak_labels import n_judged, task_ends, weak_steps, weak_summary, with_what_is_missing

MIN_STEPS = 60
MIN_OTHER_STEPS = 30
_N_PARITY_STEPS = 500
_LOCAL = LocalEngine()


@dataclass(frozen=True, slots=True)
class TrainedRouter:
    """A router with the evidence of its training; ``save`` makes the bundle."""

    parts: RouterParts
    summary: dict[str, Any]
    data_fingerprint: str
    golden_steps: tuple[Step, ...]

    def router(self) -> Router:
        """The router in memory; its version is only known once it is saved."""
        return Router(self.parts, "unsaved")

    def save(self, folder: Path | str) -> str:
        """Writes the bundle and proves that it loads; returns the router version."""
        router = self.router()
        golden = [router.golden_row(step) for step in self.golden_steps]
        manifest = {"data_fingerprint": self.data_fingerprint, "training": self.summary}
        version = write_bundle(folder, self.parts, golden, manifest)
        Router.load(folder)
        return version


def train_router(
    steps: Sequence[LoggedStep],
    catalogue: TierCatalogue,
    config: TrainConfig | None = None,
    encoder_folder: Path | None = None,
    progress: Progress = silent_progress,
) -> TrainedRouter:
    """Learns a router from logged steps in memory, whichever of their outcomes are known; see ``train_drawn``."""
    config = config or TrainConfig()
    if config.task_memory:
        steps = list(rebuilt(steps, catalogue.names))
    steps = [targeted(logged, catalogue.names, config.target) for logged in steps]
    drawn = draw_steps(steps, catalogue.names, config.max_steps)
    trained: TrainedRouter = train_drawn(drawn, catalogue, config, encoder_folder, progress)
    return trained


# Matrices here are thin: BLAS threads would only wait for each other.
@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]
def train_drawn(
    drawn: DrawnSteps,
    catalogue: TierCatalogue,
    config: TrainConfig,
    encoder_folder: Path | None = None,
    progress: Progress = silent_progress,
    engine: Engine = _LOCAL,
) -> TrainedRouter:
    """Learns a router from steps drawn from a log.

    The result depends on the steps and the seed, not on the order of the log. Raises ``TrainingError`` for a log that
    cannot train a router and ``CatalogueError`` for a tier without costs and prices.
    """
    config.guardrails.check(catalogue)
    steps = _checked(drawn, config)
    table = outcome_table(steps, catalogue.names)
    cost_usd = complete_costs(steps, table, catalogue)
    schema = _fitted_schema(steps, encoder_folder, config)
    copies = perturbed_copies(drawn.steps, config.seed)
    encoding = Encoding(schema, encoder_folder and encoder_folder.absolute())
    all_vectors = encode_steps(encoding, [logged.step for logged in (*steps, *copies)], engine, progress)
    vectors, copy_vectors = all_vectors[: len(steps)], all_vectors[len(steps) :]
    folds = _folds(steps, config)

    progress("cross-fitting", config.n_folds * len(folds))
    of_step, weight = np.r_[: len(steps), : len(copies)], recency_weights(steps, config.half_life_days)
    ends = task_ends(steps, drawn.tasks, catalogue.names, config.weak_weight)
    rows = TrainingRows(all_vectors, of_step, table.success, cost_usd, folds, weight, ends)
    held_out = cross_fit(rows, config.booster, config.seed, progress.step, engine)
    progress("calibration", 1)
    judged = np.arange(n_judged(drawn, MIN_STEPS))  # weak labels teach, and nothing is judged by them
    logged, rows_judged, held_out = steps[: len(judged)], rows.judged(judged), held_out.take(judged)
    calibration = _calibration(held_out, rows_judged)
    witness = Witness.of(logged, catalogue.names, rows_judged.success)
    speaks = speaking_steps(witness, unit_codes(logged))
    fitted = fit_what_is_familiar(vectors[judged], copy_vectors, schema, folds[0][judged], speaks, config)

    progress("final fit", 1)
    whole = np.ones(len(steps), dtype=np.bool_)
    model, cost_model = rows.fit(whole, with_rounds(config.booster, held_out.n_rounds), config.seed)

    progress("certification", 1)
    final = final_expectations(model, cost_model, calibration, vectors[judged], logged, config)
    log = held_out_log(held_out, logged, witness, rows_judged, fitted.is_unfamiliar, final, config)
    policy, courses = certified_with_courses(log, vectors[judged], schema, catalogue.names, config)
    policy = with_what_is_missing(policy, drawn, MIN_STEPS)

    progress("export to ONNX", 1)
    learned = _Learned(model, cost_model, calibration, policy, fitted.familiarity, courses)
    referred = _referred(steps, table, np.flatnonzero(speaks)[: fitted.n_reference])
    parts, parity = _exported(learned, catalogue, schema, encoder_folder, referred, vectors[:_N_PARITY_STEPS])
    summary = _summary(steps, table, held_out, policy, config) | parity | _draw_summary(drawn) | weak_summary(ends)
    return TrainedRouter(parts, summary, drawn.fingerprint, GOLDEN_STEPS)


@dataclass(frozen=True, slots=True)
class _Learned:
    """All that was fitted to the log."""

    model: ChainModel
    cost_model: CostModel
    calibration: Calibration
    policy: Policy
    familiarity: Familiarity
    courses: CourseParts | None


def _referred(steps: Sequence[LoggedStep], table: OutcomeTable, rows: NDArray[np.int64]) -> LoggedSteps:
    """What explanations can name as the nearest logged steps."""
    return LoggedSteps.of([steps[row].step_id for row in rows], table.success[rows])


def _exported(
    learned: _Learned,
    catalogue: TierCatalogue,
    schema: FeatureSchema,
    encoder_folder: Path | None,
    logged: LoggedSteps,
    sample: NDArray[np.float32],
) -> tuple[RouterParts, dict[str, Any]]:
    """What a bundle holds, its graphs proven on the rows of ``sample`` float32 [n, d], and the proof."""
    model, costs, n_tiers = learned.model, learned.cost_model, learned.model.trees.n_tiers_
    trees = export_booster(model.trees.booster_, chain_rows(sample, n_tiers))
    cost_graph = export_booster(costs.booster, tier_rows(sample, n_tiers))
    offset = learned.calibration.cost_log_offset + costs.centre
    parts = RouterParts(
        catalogue,
        schema,
        trees.graph,
        model.linear,
        cost_graph.graph,
        replace(learned.calibration, cost_log_offset=offset),
        learned.policy,
        learned.familiarity,
        encoder_folder or STATIC_FOLDER,
        logged,
        learned.courses,
    )
    deviation = max(trees.max_deviation, cost_graph.max_deviation)
    return parts, {"onnx_max_deviation": deviation, "onnx_parity_rows": trees.n_rows}


def _fitted_schema(steps: Sequence[LoggedStep], encoder_folder: Path | None, config: TrainConfig) -> FeatureSchema:
    encoder = load_encoder(encoder_folder)
    given = [step.step for step in steps]
    return FeaturePipeline.fit(given, encoder, config.n_components, config.task_memory).schema


def _checked(drawn: DrawnSteps, config: TrainConfig) -> Sequence[LoggedStep]:
    """The steps to learn from, those with an outcome of their own first. Raises ``TrainingError`` when there are too
    few, or when they cannot be split."""
    steps = (*drawn.steps, *weak_steps(drawn, config.weak_weight))
    if len(steps) < MIN_STEPS <= drawn.n_known:
        raise TrainingError(f"max_steps is {len(steps)}; at least {MIN_STEPS} are needed to learn from, or 0 for all")
    if len(steps) < MIN_STEPS:
        foreign = ", ".join(drawn.foreign_tiers[:5])
        also = f"; the log also names tiers outside the catalogue: {foreign}" if foreign else ""
        raise TrainingError(
            f"{drawn.n_known} of {drawn.n_read} steps have a known outcome; "
            f"at least {MIN_STEPS} are needed to learn from{also}. Where nobody said what was right, compare with the "
            "top tier's answers: tierwise collect --compare TIER (docs/guides/observe.md)"
        )
    unit, n_largest = Counter(split_unit(step) for step in steps).most_common(1)[0]
    if len(steps) - n_largest < MIN_OTHER_STEPS:
        raise TrainingError(
            f"{n_largest} of {len(steps)} steps belong to one group or task, '{unit}'; at least {MIN_OTHER_STEPS} "
            "others are needed to hold steps out; give each its own group, or leave group and task_id out"
        )
    return steps


def _folds(steps: Sequence[LoggedStep], config: TrainConfig) -> NDArray[np.int64]:
    """int64 [r, n]: folds drawn anew for every repeat of the cross-fitting; a long log has one."""
    seeds = [repeat_seed(config.seed, repeat) for repeat in range(config.repeats(len(steps)))]
    return np.stack([assign_folds(steps, config.n_folds, seed) for seed in seeds])


def _calibration(cross: CrossFit, rows: TrainingRows) -> Calibration:
    """Fitted to the held-out predictions of all repeats, which share the weight of a step."""
    n_repeats, _, n_rows = cross.scores.shape
    success, cost_usd = np.tile(rows.success, (n_repeats, 1)), np.tile(rows.cost_usd, (n_repeats, 1))
    log_cost = cross.log_cost.reshape(cost_usd.shape)
    weight = np.tile(rows.weight, n_repeats) / n_repeats
    return fit_calibration(cross.scores.reshape(-1, n_rows), success, log_cost, cost_usd, weight)


def _draw_summary(drawn: DrawnSteps) -> dict[str, Any]:
    """How the steps came to be drawn; nothing where all were taken."""
    if len(drawn.steps) == drawn.n_known:
        return {}
    return {"n_known_steps": drawn.n_known, "drawn_by": "smallest digests of step_id"}


def _summary(
    steps: Sequence[LoggedStep], table: OutcomeTable, cross: CrossFit, policy: Policy, config: TrainConfig
) -> dict[str, Any]:
    """What the manifest and the tracking run say of the training."""
    point = policy.certified(None)
    return {
        "n_steps": len(steps),
        "n_complete": int(table.is_complete.sum()),
        "n_assumed_labels": int(table.is_assumed.sum()),
        "n_simulated": sum(step.has_simulated_attempts for step in steps),
        "n_rounds": cross.n_rounds,
        "seed": config.seed,
        "target": config.target,
        "tierwise": VERSION,
        **({"trained_by": redact_name(config.trained_by)} if config.trained_by else {}),
        "max_quality_loss": point.max_quality_loss,
        "is_supported": point.cost_weight is not None,
        "held_out_loss": point.loss,
        "held_out_loss_upper": point.loss_upper,
        "held_out_saving": point.saving,
        "held_out_saving_usd": point.saving_usd,
        "n_tasks": policy.n_tasks,
        "n_effective_tasks": policy.n_effective,
        "confidence": policy.confidence,
    }
