"""What the command measures, one function a mode; each returns the figures of its part of RESULTS.md."""

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from benchmarks.attacks.measure import measure_attacks
from benchmarks.decisions.answers import Cache
from benchmarks.decisions.cascading.escalating import CATCH_RATES, measure_escalating
from benchmarks.decisions.contest import measure_contest, run_contest
from benchmarks.decisions.contestants.field import Settings, contestants
from benchmarks.decisions.contestants.learned import LIGHTER, LearnedRouter
from benchmarks.decisions.logs import named_problems, sources
from benchmarks.decisions.pages.pictures import draw_guarantee, draw_learning_curves
from benchmarks.decisions.problem import Problem
from benchmarks.decisions.promise.answer_walk import walk_answer_worlds
from benchmarks.decisions.promise.guarantee import walk_worlds
from benchmarks.decisions.questions.forms import measure_forms
from benchmarks.decisions.questions.learning_curves import learning_curves
from benchmarks.decisions.questions.off_policy import masked_truth, simulate_coverage
from benchmarks.decisions.questions.paraphrases import measure_paraphrases
from benchmarks.decisions.questions.parts import SIZES, dear_parts, each_part
from benchmarks.decisions.questions.sources import N_ADDED, leave_one_source_out
from benchmarks.decisions.questions.stability import measure_stability
from benchmarks.decisions.questions.twin import measure_twin, twin_problem
from benchmarks.decisions.questions.weak import measure_weak
from benchmarks.decisions.results import save_section
from tierwise.router_model.options import DecideOptions
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.progress import Progress
from tierwise.training.train import train_router


def contest(arguments: Namespace, progress: Progress) -> Any:
    settings, measured = settings_of(arguments), []
    for problem in named_problems(arguments.log, arguments.tiers):
        field = contestants(settings, problem.catalogue, arguments.only)
        folds = problem.folds(arguments.folds, arguments.seed)
        found = run_contest(problem, folds, field, _cache(settings), progress)
        progress(f"{problem.name}: intervals", 1)
        measured.append(measure_contest(found, field[0].name, Bootstrap(arguments.draws)))
        save_section(arguments.out, "contest", measured)
    return measured


def leave_one_out(arguments: Namespace, progress: Progress) -> Any:
    settings = settings_of(arguments)
    problems = sources(arguments.log, arguments.tiers)
    field = contestants(settings, problems[0].catalogue, arguments.only or ["kNN-40", "all features", "table"])
    return leave_one_source_out(
        problems, field, N_ADDED, arguments.source_steps, _cache(settings), Bootstrap(arguments.draws), progress
    )


def curves(arguments: Namespace, progress: Progress) -> Any:
    settings = settings_of(arguments)
    router = LearnedRouter(settings.max_quality_loss)
    bootstrap, cache = Bootstrap(min(arguments.draws, 400)), _cache(settings)
    figures = learning_curves(
        _first(arguments), router, arguments.sizes, arguments.tested_folds, cache, bootstrap, progress
    )
    draw_learning_curves(figures, arguments.images)
    return figures


def guarantee(arguments: Namespace, progress: Progress) -> Any:
    settings = settings_of(arguments)
    figures = walk_worlds(arguments.only, arguments.worlds, settings.store, progress)
    draw_guarantee(figures, arguments.images)
    return figures


def answer_worlds(arguments: Namespace, progress: Progress) -> Any:
    return walk_answer_worlds(arguments.only, arguments.worlds, settings_of(arguments).store, progress)


def dear(arguments: Namespace, progress: Progress) -> Any:
    settings, router = settings_of(arguments), _router(arguments)
    problems = sources(arguments.log, arguments.tiers)
    n_most = arguments.source_steps if arguments.light else 0
    rows = dear_parts(problems, SIZES, arguments.seeds, n_most, router, _cache(settings), progress)
    return {"is_light": arguments.light, "n_most": n_most, "rows": rows}


def parts(arguments: Namespace, progress: Progress) -> Any:
    settings, router = settings_of(arguments), _router(arguments)
    problems = sources(arguments.log, arguments.tiers)
    rows = each_part(problems, arguments.folds, arguments.seeds, router, _cache(settings), progress)
    return {"is_light": arguments.light, "rows": rows}


def escalating(arguments: Namespace, progress: Progress) -> Any:
    settings, router = settings_of(arguments), _router(arguments)
    bootstrap, cache = Bootstrap(arguments.draws), _cache(settings)
    logs = [
        measure_escalating(problem, router, arguments.folds, cache, bootstrap, progress)
        for problem in _first_and_last(arguments)
    ]
    return {"is_light": arguments.light, "logs": logs}


def off_policy(arguments: Namespace, progress: Progress) -> Any:
    settings, problem = settings_of(arguments), _first(arguments)
    coverage = simulate_coverage(arguments.worlds, progress)
    field = contestants(settings, problem.catalogue, ["always mid", "always frontier", "seed heuristic"])
    folds = problem.folds(arguments.folds, arguments.seed)
    answers = run_contest(problem, folds, field, _cache(settings), progress).answers
    masked = masked_truth(problem, answers, Bootstrap(arguments.draws))
    return {"log": problem.name, "coverage": coverage, "masked": masked}


def stability(arguments: Namespace, progress: Progress) -> Any:
    settings = settings_of(arguments)
    problems = _first_and_last(arguments)
    return [measure_stability(one, settings.max_quality_loss, _cache(settings), progress) for one in problems]


def attacks(arguments: Namespace, progress: Progress) -> Any:
    options = DecideOptions(max_quality_loss=arguments.max_quality_loss)
    figures = []
    for problem in _first_and_last(arguments):
        progress(f"{problem.name}: attacks", 1)
        fold = problem.folds(arguments.folds, arguments.seed)[0]
        router = train_router(fold.logged, fold.catalogue).router()
        reports = measure_attacks(router, [problem.steps[row] for row in fold.test], options)
        figures.append({"log": problem.name, "rows": [asdict(report) for report in reports]})
    return figures


def forms(arguments: Namespace, progress: Progress) -> Any:
    problems = named_problems(arguments.log, arguments.tiers)
    return [
        measure_forms(one, one.folds(arguments.folds, arguments.seed)[0], arguments.max_quality_loss, progress)
        for one in problems
    ]


def paraphrases(arguments: Namespace, progress: Progress) -> Any:
    config = LIGHTER if arguments.light else TrainConfig()
    return [
        measure_paraphrases(
            one, one.folds(arguments.folds, arguments.seed), arguments.max_quality_loss, config, progress
        )
        for one in _first_and_last(arguments)
    ]


def weak(arguments: Namespace, progress: Progress) -> Any:
    return measure_weak(arguments.seeds, progress)


def twin(arguments: Namespace, progress: Progress) -> Any:
    return measure_twin(twin_problem(), arguments.folds, arguments.seed, progress)


def settings_of(arguments: Namespace) -> Settings:
    return Settings(arguments.store, arguments.encoder, arguments.litellm_python, arguments.max_quality_loss)


def _router(arguments: Namespace) -> LearnedRouter:
    """The same for all parts that look at the same folds, so that they share its answers."""
    config = LIGHTER if arguments.light else TrainConfig()
    return LearnedRouter(arguments.max_quality_loss, config, catch_rates=CATCH_RATES)


def _cache(settings: Settings) -> Cache:
    return Cache(settings.store / "answers")


def _first(arguments: Namespace) -> Problem:
    """The log, or all logs together."""
    return named_problems(arguments.log, arguments.tiers)[0]


def _first_and_last(arguments: Namespace) -> list[Problem]:
    problems = named_problems(arguments.log, arguments.tiers)
    return problems if len(problems) < 2 else [problems[0], problems[-1]]
