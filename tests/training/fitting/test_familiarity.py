"""What training calls familiar, seen from the router that it made: known steps are, new kinds of work are not."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep, Message, Step
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.identity import IDENTITY_FIELDS
from tierwise.features.pipeline import FeaturePipeline
from tierwise.features.schema import FeatureSchema
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.config import TrainConfig
from tierwise.training.fitting.familiarity import fit_familiarity
from tierwise.training.fitting.perturbation import perturbed_copies

FOREIGN = (
    "Prove that every bounded sequence of reals has a convergent subsequence.",
    "Compose a villanelle about the smell of rain on hot asphalt, in the voice of a retired sailor.",
    "SELECT customer_id, SUM(total) OVER (PARTITION BY region ORDER BY day) FROM invoices;",
    "¿Cuál es la capital de Mongolia y por qué se trasladó tantas veces antes de 1778?",
)


def share_unfamiliar(router: Router, steps: list[Step]) -> float:
    return float(np.mean([decision.is_unfamiliar for decision in router.decide_many(steps)]))


def test_the_logged_steps_themselves_are_familiar_but_for_rare_kinds(
    router: Router, train_steps: tuple[LoggedStep, ...], quick_config: TrainConfig
) -> None:
    assert share_unfamiliar(router, [logged.step for logged in train_steps]) < 2 * quick_config.unfamiliar_share


@pytest.mark.slow
@pytest.mark.parametrize(("n_rare", "is_familiar"), [(5, False), (40, False), (1500, True)])
def test_a_kind_of_step_becomes_familiar_once_enough_of_it_is_logged(n_rare: int, is_familiar: bool) -> None:
    """Two kinds of one task type, far apart in their texts; of the rare one ``n_rare`` steps are logged."""
    rng = np.random.default_rng(0)
    schema = FeatureSchema({field: ("answer",) if field == "task_type" else () for field in IDENTITY_FIELDS}, 2, "")

    def steps(n: int, place: float) -> NDArray[np.float32]:
        vectors = np.zeros((n, len(schema.names)), dtype=np.float32)
        vectors[:, schema.names.index("task_type=answer")] = 1
        vectors[:, -2:] = rng.normal(place, 0.02, (n, 2))
        return vectors

    logged = rng.permutation(np.vstack([steps(2000, 0.3), steps(n_rare, -0.3)]))
    folds = np.arange(len(logged)) % 5
    known = fit_familiarity(logged, logged, schema, folds, TrainConfig()).familiarity
    assert known.is_unfamiliar(steps(100, -0.3)).mean() == pytest.approx(0 if is_familiar else 1, abs=0.2)
    assert known.is_unfamiliar(steps(100, 0.3)).mean() < 0.2


@pytest.mark.slow
def test_a_few_words_more_hardly_make_a_step_unfamiliar(
    router: Router, train_steps: tuple[LoggedStep, ...], quick_config: TrainConfig
) -> None:
    copies = perturbed_copies(train_steps, quick_config.seed + 1)
    assert share_unfamiliar(router, [copy.step for copy in copies]) < 3 * quick_config.unfamiliar_share


@pytest.mark.slow
def test_letter_case_makes_no_step_unfamiliar(router: Router, train_steps: tuple[LoggedStep, ...]) -> None:
    steps = [logged.step for logged in train_steps]
    shouted = [replace(step, text=step.prompt.upper()) for step in steps]
    assert share_unfamiliar(router, shouted) == pytest.approx(share_unfamiliar(router, steps), abs=0.01)


@pytest.mark.parametrize("text", FOREIGN)
def test_work_of_a_type_that_was_never_logged_is_unfamiliar(text: str, router: Router) -> None:
    decision = router.decide(Step(text=text, task_type="never-logged"))
    assert decision.is_unfamiliar
    assert decision.tier == "frontier"
    assert decision.reason.code == "unfamiliar"
    assert router.decide(Step(text=text, task_type="never-logged"), DecideOptions(max_tier="mid")).tier == "mid"


def test_a_logged_step_under_another_name_is_unfamiliar(router: Router, train_steps: tuple[LoggedStep, ...]) -> None:
    renamed = [replace(logged.step, task_type="never-logged") for logged in train_steps[:50]]
    assert share_unfamiliar(router, renamed) == 1


def test_foreign_work_under_a_logged_name_is_less_familiar_than_logged_work(
    router: Router, held_out_steps: tuple[LoggedStep, ...], train_steps: tuple[LoggedStep, ...]
) -> None:
    names = sorted({logged.step.task_type for logged in train_steps if logged.step.task_type})
    foreign = [Step(text=text, task_type=name) for text in FOREIGN for name in names]
    known = [logged.step for logged in held_out_steps]
    assert share_unfamiliar(router, foreign) > share_unfamiliar(router, known)


@pytest.mark.slow
def test_leaving_out_optional_fields_does_not_make_a_step_unfamiliar(
    router: Router, train_steps: tuple[LoggedStep, ...]
) -> None:
    spoken = [logged.step for logged in train_steps]
    silent = {"human_visible": None, "retry": None, "step_index": None, "input_tokens": None, "input_complexity": None}
    silenced = [replace(step, **silent) for step in spoken]  # type: ignore[arg-type]
    assert share_unfamiliar(router, silenced) < share_unfamiliar(router, spoken) + 0.05


def test_steps_of_one_template_are_as_familiar_when_served_as_they_were_in_training() -> None:
    """Most lie at the very distance that is the threshold, here 0: rounding must not make them unfamiliar."""
    rng = np.random.default_rng(0)
    schema = FeatureSchema({field: ("answer",) if field == "task_type" else () for field in IDENTITY_FIELDS}, 2, "")
    templates = np.zeros((12, len(schema.names)), dtype=np.float32)
    templates[:, :20] = rng.integers(1, 200, size=(12, 20))
    templates[:, schema.names.index("task_type=answer")] = 1
    logged = templates[rng.integers(12, size=1200)]
    fitted = fit_familiarity(logged, logged, schema, np.arange(1200) % 4, TrainConfig(unfamiliar_share=0.3))
    assert fitted.familiarity.is_unfamiliar(logged).mean() == pytest.approx(fitted.is_unfamiliar.mean(), abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("silent", [("task_type",), ("task_type", "agent", "node")])
def test_a_step_that_does_not_say_who_asks_stays_as_familiar(
    silent: tuple[str, ...], router: Router, train_steps: tuple[LoggedStep, ...], held_out_steps: tuple[LoggedStep, ...]
) -> None:
    for logged in (train_steps, held_out_steps):
        spoken = [one.step for one in logged]
        silenced = [replace(step, **dict.fromkeys(silent)) for step in spoken]  # type: ignore[arg-type]
        assert share_unfamiliar(router, silenced) == pytest.approx(share_unfamiliar(router, spoken), abs=0.1)


def test_foreign_work_that_names_no_type_is_unfamiliar(router: Router) -> None:
    assert share_unfamiliar(router, [Step(text=text * 30) for text in FOREIGN]) == 1


@pytest.mark.slow
def test_a_copy_without_its_type_stands_for_its_step_as_the_one_with_it(
    train_steps: tuple[LoggedStep, ...], quick_config: TrainConfig
) -> None:
    steps = [logged.step for logged in train_steps]
    pipeline = FeaturePipeline.fit(steps, load_encoder(), 8)
    vectors, folds = pipeline.transform(steps), np.arange(len(steps)) % 3
    silent = pipeline.transform([replace(step, task_type=None) for step in steps])
    spoken, unspoken = (
        fit_familiarity(vectors, copies, pipeline.schema, folds, quick_config) for copies in (vectors, silent)
    )
    assert np.array_equal(spoken.familiarity.reference, unspoken.familiarity.reference)
    assert np.array_equal(spoken.is_unfamiliar, unspoken.is_unfamiliar)


@pytest.mark.slow
def test_a_form_that_all_logged_steps_have_does_not_count(
    router: Router, held_out_steps: tuple[LoggedStep, ...]
) -> None:
    steps = [logged.step for logged in held_out_steps]
    talk = [Message("user", "Go on."), Message("assistant", "Yes."), Message("tool", "done")]
    talked = [replace(step, messages=(*talk, Message("user", step.text))) for step in steps]
    decisions = [[one.is_unfamiliar for one in router.decide_many(each)] for each in (steps, talked)]
    assert decisions[0] == decisions[1]
