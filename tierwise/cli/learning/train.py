"""``tierwise train``: from logs to a bundle."""

from contextlib import closing
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.console import StageBar, say
from tierwise.cli.learning.meter import Meter
from tierwise.cli.learning.show_config import ShowConfigOption
from tierwise.cli.logs.mirroring import mirrored_lines
from tierwise.cli.sources import Quarantine
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.draw import DrawnSteps
from tierwise.data.errors import LogError
from tierwise.data.program.extras import needs_extra
from tierwise.data.records import LoggedStep
from tierwise.router_model.accepting.course_menu import course_at
from tierwise.router_model.choosing.operating_point import point_at
from tierwise.router_model.choosing.refusal import nothing_certified
from tierwise.training.engines.choice import EngineName

if TYPE_CHECKING:
    from tierwise.router_model.bundle import RouterParts
    from tierwise.router_model.choosing.policy import Policy
    from tierwise.training.config import TrainConfig
    from tierwise.training.engines.engine import Engine
    from tierwise.training.runs.account import TrainingAccount
    from tierwise.training.train import TrainedRouter

LogsOption = Annotated[
    list[str],
    typer.Option(
        "--log",
        help="Step log (.jsonl, .jsonl.gz, .parquet), a folder of them, or database URL of a decision log; repeatable.",
    ),
]


class Target(StrEnum):
    """What an attempt is for."""

    SUCCESS = "success"
    SAME_ANSWER = "same-answer"


TiersOption = Annotated[Path | None, typer.Option(help="tiers.toml; default: small, mid, frontier.")]


def train(
    log: LogsOption,
    out: Annotated[Path, typer.Option(help="Folder of the bundle; an existing bundle is replaced.")],
    tiers: TiersOption = None,
    config: Annotated[Path | None, typer.Option(help="train.toml; default: the built-in configuration.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="Folder of another encoder; default: the static one.")] = None,
    tune: Annotated[int, typer.Option(min=0, help="Boosters to try with Optuna before training; 0: none.")] = 0,
    target: Annotated[
        Target | None, typer.Option(help="What an attempt is for; same-answer as the top tier needs no outcomes.")
    ] = None,
    track: Annotated[bool, typer.Option(help="Log the run and register the bundle in MLflow.")] = True,
    name: Annotated[str, typer.Option(help="Registered model in MLflow.")] = "tierwise",
    engine: Annotated[
        EngineName, typer.Option(help="Where to read, encode and fit: here, or on a Dask cluster.")
    ] = EngineName.LOCAL,
    address: Annotated[str | None, typer.Option(help="Scheduler of the cluster, such as tcp://127.0.0.1:8786.")] = None,
    show_config: ShowConfigOption = False,
) -> None:
    """Train a router on logged steps and write it as a bundle."""
    del show_config  # printed before anything else is looked at
    with needs_extra("train"):
        from tierwise.router_model.bundle import check_bundle_folder
        from tierwise.training.config import TrainConfig
        from tierwise.training.engines.choice import open_engine
        from tierwise.training.train import train_drawn
    check_bundle_folder(out)
    catalogue = TierCatalogue.load(tiers)
    settings = TrainConfig.load(config)
    if target is not None:
        settings = replace(settings, target=target.value)
    meter = Meter()
    with closing(open_engine(engine, address)) as workers, StageBar() as progress:
        drawn = _drawn(log, catalogue, settings, workers, out, progress)
        say(f"Read {drawn.n_read} steps, {meter.speed(drawn.n_read)}.")
        if tune:
            kept = out.with_name(f"{out.name}.train.toml")
            settings = _tuned(list(drawn.steps), catalogue, settings, tune, encoder, kept, progress)
        trained = train_drawn(drawn, catalogue, settings, encoder, progress, workers)
    version = trained.save(out)
    say(f"Bundle {version} written to {out}")
    lines = say_training(trained)
    _say_mirrored(settings, drawn, trained)
    if drawn.n_repeated:
        say(f"{drawn.n_repeated} step(s) stood in the log before, the very same, and counted once.")
    n_silent = drawn.n_read - drawn.n_known - drawn.n_repeated - (len(drawn.weak) if settings.weak_weight else 0)
    if n_silent:
        say(f"{n_silent} step(s) without a known outcome taught nothing.")
    say(f"Took {meter.speed(drawn.n_read)}, {meter.memory()}.")
    if track:
        say_registered(out, name, _account(log, drawn, settings, lines))
    _say_next(trained, out, tiers)


def _say_mirrored(settings: "TrainConfig", drawn: DrawnSteps, trained: "TrainedRouter") -> None:
    """What compared answers are worth, where they are what was learned from."""
    if settings.target == Target.SAME_ANSWER:
        for line in mirrored_lines(drawn.steps, drawn.n_read, trained.parts.policy, trained.parts.catalogue):
            say(line)


def _say_next(trained: "TrainedRouter", out: Path, tiers: Path | None) -> None:
    """The command that serves what is certified; nothing where nothing is."""
    policy = trained.parts.policy
    if policy.certified(None).cost_weight is not None:
        named = "" if tiers is None else f" --tiers {tiers}"
        audited = " --mirror-usd-per-day 2" if policy.target == Target.SAME_ANSWER else ""
        say(f"Next: tierwise serve --bundle {out}{named}{audited}")


def _drawn(
    sources: list[str],
    catalogue: TierCatalogue,
    settings: "TrainConfig",
    workers: "Engine",
    out: Path,
    progress: StageBar,
) -> DrawnSteps:
    """The steps to learn from; malformed lines are kept beside the bundle and told. Raises ``LogError`` for none."""
    from tierwise.training.reading import draw_logs

    quarantine = Quarantine(out.with_name(f"{out.name}.quarantine.jsonl"))
    drawn = draw_logs(
        sources, catalogue, settings.max_steps, workers, progress, quarantine.add, settings.target, settings.task_memory
    )
    quarantine.say()
    if not drawn.n_read:
        reason = f"; the first malformed line: {quarantine.first[0]}" if quarantine.first else ""
        raise LogError(f"{', '.join(sources)}: no step could be read{reason}")
    return drawn


def _tuned(
    steps: list[LoggedStep],
    catalogue: TierCatalogue,
    settings: "TrainConfig",
    n_trials: int,
    encoder: Path | None,
    kept: Path,
    progress: StageBar,
) -> "TrainConfig":
    """The settings with the best booster of ``n_trials``, which is kept in a ``train.toml``."""
    from tierwise.training.fitting.tuning import tune as find

    tuned = find(steps, catalogue, settings, n_trials, encoder, progress)
    kept.write_text(tuned.to_toml(), encoding="utf-8")
    gained = tuned.log_likelihood - tuned.default_log_likelihood
    say(f"Tuned over {n_trials} boosters: held-out log-likelihood a step {tuned.log_likelihood:.4f}, {gained:+.4f}.")
    say(f"The booster is kept in {kept}; train with --config {kept} to use it again.")
    return tuned.config


def say_training(trained: "TrainedRouter") -> list[str]:
    """Says what the training found, and gives the lines."""
    lines = _training_lines(trained)
    for line in lines:
        say(line)
    return lines


def _account(log: list[str], drawn: DrawnSteps, settings: "TrainConfig", lines: list[str]) -> "TrainingAccount":
    from tierwise.training.runs.account import TrainingAccount

    return TrainingAccount(log, drawn.n_read, settings, lines)


def _training_lines(trained: "TrainedRouter") -> list[str]:
    summary = trained.summary
    lines = [f"Learned from {summary['n_steps']} steps ({summary['n_complete']} with every tier known)."]
    if summary.get("n_weak"):
        lines.append(
            f"  Of {summary['n_weak']} ({summary['n_weak'] / summary['n_steps']:.0%}) only the end of their task is "
            "known: weak labels, which teach the predictor and certify nothing."
        )
    if "n_known_steps" in summary:
        drawn = f"Drawn at random, step by step, from {summary['n_known_steps']}"
        lines.append(f"  {drawn}; max_steps in train.toml says how many.")
    if summary["n_simulated"]:
        lines.append(f"{summary['n_simulated']} of them have simulated attempts; figures on them are not evidence.")
    certified = certified_lines(trained.parts.policy, trained.parts.catalogue.names[-1])
    return [*lines, *certified, *course_lines(trained.parts)]


def certified_lines(policy: "Policy", top_tier: str) -> list[str]:
    """What was certified: the whole at a few tolerated losses, and each part at the default one.

    Where nothing is at the default, one line says so, and alone where no tier below the top has the outcomes for it.
    """
    nothing = nothing_certified(policy, top_tier)
    if nothing is not None and policy.missing:
        return [nothing]
    tasks = f"{policy.n_tasks:,} tasks, worth {policy.n_effective:,.0f} of equal size"
    is_same = policy.target == "same-answer"
    bound, what = ("of answers differ", "differ") if is_same else ("quality loss", "lost")
    lines = [f"Certified on held-out steps, with {policy.confidence:.0%} confidence ({tasks}):"]
    for tolerated in (0.01, 0.03, 0.05, 0.1, 0.2):
        point = policy.certified(tolerated)
        if point.cost_weight is None:
            lines.append(f"  at most {tolerated:4.0%} {bound}: the log cannot support it; stays with the top tier")
        else:
            lines.append(
                f"  at most {tolerated:4.0%} {bound}: {point.loss:6.1%} {what}, {point.saving:5.1%} saved a step, "
                f"{point.saving_usd:5.1%} of the dollars"
            )
    return [*lines, *part_lines(policy), *([] if nothing is None else [nothing])]


def course_lines(parts: "RouterParts") -> list[str]:
    """What courses add at the default loss, by part, where the log holds answers to learn from."""
    if parts.courses is None:
        return []
    policy, menu, names = parts.policy, parts.courses.menu, parts.catalogue.names
    asked, what = policy.default_max_quality_loss, "differ" if policy.target == "same-answer" else "lost"
    named = [(", ".join(part.values), part.courses) for part in menu.parts] or [("all", menu.whole)]
    lines = []
    for name, courses in named:
        found = course_at(courses, asked)
        if found is not None:
            ask = " and ".join(names[tier] for tier in found.tiers)
            evidence = f"{found.loss:6.1%} {what}, {found.saving:.1%} saved"
            lines.append(f"    {name[:30] or '(none)':<14} {ask}, {found.accept}: {evidence}")
    return [f"  Courses that save more than a single answer, at {asked:.0%}:", *lines] if lines else []


def part_lines(policy: "Policy") -> list[str]:
    """Each part at the default loss: its promise holds by itself, with evidence of its own."""
    if len(policy.parts) < 2:
        return []
    asked = policy.default_max_quality_loss
    lines = [
        f"  By {policy.part_field}, each certified by itself at {asked:.0%} (all of them at once hold less often):"
    ]
    for part in policy.parts:
        point, name = point_at(part.points, asked), part.name or f"(no {policy.part_field})"
        head = f"    {name:<14} {part.n_steps:>6,} steps {part.n_effective:>6,.0f} tasks"
        if part.missing or point.cost_weight is None:
            lines.append(f"{head}  stays with the top tier: {part.missing or 'its steps cannot support it'}")
        else:
            what = "differ" if policy.target == "same-answer" else "lost"
            lines.append(
                f"{head}  {point.loss:6.1%} {what}, at most {point.loss_upper:5.1%}, {point.saving:5.1%} saved"
            )
    return lines


def say_registered(bundle: Path, name: str, account: "TrainingAccount | None" = None) -> None:
    """Registers the bundle in MLflow; a registry in trouble is told and costs nothing but the registration."""
    from tierwise.training.runs.tracking import TrackingError, track_bundle

    try:
        registered = track_bundle(bundle, name, account=account)
    except TrackingError as error:
        say(f"Not registered: {error}")
    else:
        say(f"Registered as {registered.address} ({registered.tracking_uri})")
