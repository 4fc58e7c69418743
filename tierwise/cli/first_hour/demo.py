"""``tierwise demo``: the first hour on the sample log, from everything on one model to a routed, audited service."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.console import StageBar, say
from tierwise.cli.first_hour.live import route_and_audit
from tierwise.cli.first_hour.story import Told, claim_lines, mirrored_lines, top_lines
from tierwise.cli.first_hour.story_log import record_observed
from tierwise.cli.first_hour.traffic import SESSION, TrafficError, replay, wait_for_experiment, wait_until_ready
from tierwise.cli.learning.evaluate import evaluate_router, print_evaluation
from tierwise.cli.learning.train import say_registered, say_training
from tierwise.cli.sources import read_logs
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.splits import assign_folds
from tierwise.data.errors import TierwiseError
from tierwise.data.experiments import Arm, Experiment
from tierwise.data.program.extras import needs_extra
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_again_path, sample_log_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.options import NO_OPTIONS
from tierwise.router_model.router import Router

if TYPE_CHECKING:
    from tierwise.training.runs.account import TrainingAccount

_TEST_FOLDS = 3  # one in three groups of steps is kept for the evaluation


class PortError(TierwiseError):
    """An address that the demo cannot serve on."""


def demo(
    folder: Annotated[Path, typer.Option(help="Where the bundle, report and decision log go.")] = Path(
        ".tierwise/demo"
    ),
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.")] = 8080,
    serve: Annotated[bool, typer.Option(help="Serve the router until interrupted.")] = True,
    traffic: Annotated[
        bool,
        typer.Option("--traffic", help="Replay the sample log as live tasks in an experiment, after the story."),
    ] = False,
    address: Annotated[
        str | None, typer.Option(help="With --traffic: replay against the service that answers here, and do no more.")
    ] = None,
) -> None:
    """Tell the first hour on the sample log: mirrored, certified, routed, audited."""
    if traffic and address is not None:
        replay_sample(address)
        return
    port = checked_port(port) if serve else port
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = TierCatalogue.load(sample_tiers_path())
    log = write_sample(folder / "sample.jsonl.gz")
    steps = read_logs([str(log)], catalogue, folder / "quarantine.jsonl")
    is_test = assign_folds(steps, _TEST_FOLDS) == 0
    train_steps = [step for step, test in zip(steps, is_test, strict=True) if not test]
    test_steps = [step for step, test in zip(steps, is_test, strict=True) if test]
    say(f"Sample log: {len(steps)} agent steps, {len(test_steps)} of them kept aside, by template, to be routed later.")
    told = Told.of(train_steps, catalogue.top.name)
    for line in (*top_lines(told), *mirrored_lines(told, catalogue)):
        say(line)
    bundle, account = _certify(told, catalogue, folder, log)
    _route(Router.load(bundle), test_steps, folder)
    say(f"Report: {folder / 'report'}   Bundle: {bundle}")
    say_registered(bundle, "tierwise-demo", account)
    if serve:
        record_observed(_log_url(folder), told, time.time())
        _serve(bundle, folder, port, _Live(test_steps, catalogue.names, traffic))


def write_sample(path: Path) -> Path:
    """The sample log with the log-probabilities of its answers, which a team has whose models give them."""
    from tierwise.agents.collect.joining import join, read_log
    from tierwise.agents.collect.journal import read_attempts
    from tierwise.agents.collect.merge import write_log

    write_log(join(read_log(sample_log_path()), read_attempts([sample_again_path()]))[0], path)
    return path


def _certify(told: Told, catalogue: TierCatalogue, folder: Path, log: Path) -> tuple[Path, "TrainingAccount"]:
    """The bundle learned from the mirrored answers alone, and an account of it; says what it is certified for."""
    with needs_extra("train"):
        from tierwise.training.config import TrainConfig
        from tierwise.training.runs.account import TrainingAccount
        from tierwise.training.train import train_router
    settings = replace(TrainConfig(), target="same-answer")
    with StageBar() as progress:
        trained = train_router(told.steps, catalogue, settings, progress=progress)
    trained.save(folder / "bundle")
    say("3. Certificate:")
    lines = say_training(trained)
    return folder / "bundle", TrainingAccount([str(log)], len(told.steps), settings, lines)


def _route(router: Router, steps: list[LoggedStep], folder: Path) -> None:
    """Says what the router and everything that needs no learning do on steps that training did not see."""
    from tierwise.training.evaluation.reporting.report import write_report

    say(f"4. Routed: {len(steps)} steps of templates that training never saw; here it is known what was right.")
    evaluation = evaluate_router(router, steps, NO_OPTIONS)
    print_evaluation(evaluation, f"Router {router.version} on {len(steps)} steps kept aside")
    for line in claim_lines(evaluation.table()):
        say(line)
    write_report(evaluation, folder / "report")


def replay_sample(address: str) -> None:
    """Replays the whole sample log against a running service."""
    catalogue = TierCatalogue.load(sample_tiers_path())
    steps = load_step_logs([sample_log_path()], catalogue).steps
    wait_until_ready(address)
    with StageBar() as progress:
        progress("demo traffic", len(steps))
        n_steps = replay(address, steps, catalogue.names, progress.step)
    say(f"{n_steps} steps replayed in the session {SESSION}. Look at them: {address}/dashboard")


@dataclass(frozen=True, slots=True)
class _Live:
    """What the demo does with its own service once that is ready."""

    steps: Sequence[LoggedStep]
    tiers: Sequence[str]
    has_experiment: bool

    def play(self, address: str, log_url: str) -> None:
        try:
            wait_until_ready(address)
            say(f"The dashboard is ready: {address}/dashboard (end the demo with Ctrl-C)")
            self._audit(address)
            if self.has_experiment:
                _experiment(address, log_url)
        except TrafficError as error:
            say(f"The demo's traffic stopped: {error}")

    def _audit(self, address: str) -> None:
        with StageBar() as progress:
            progress("live traffic", len(self.steps))
            found = route_and_audit(address, self.steps, self.tiers, progress.step)
        top = self.tiers[-1]
        say(f"5. Audited: of {found.n_routed} live steps {found.n_courses} had cheap answers looked at first, and")
        say(f"   {found.n_cheaper} were answered below {top}. {top} was asked too of {found.n_audited} of those,")
        say(f"   drawn at random, and {found.n_different} answers differ.")
        say(f"   {address}/dashboard/certificate has it all, by part.")


def _serve(bundle: Path, folder: Path, port: int, live: _Live) -> None:
    with needs_extra("serve"):
        from tierwise.serving.run import serve as serve_forever
        from tierwise.serving.settings import load_settings
    log_url = _log_url(folder)
    settings = load_settings(None, bundle=bundle, port=port, log_url=log_url, log_level="warning", courses=True)
    threading.Thread(target=live.play, args=(f"http://127.0.0.1:{port}", log_url), daemon=True).start()
    serve_forever(settings)


def _experiment(address: str, log_url: str) -> None:
    from tierwise.cli.flywheel.experiment import keep_report

    name = start_experiment(log_url)
    wait_for_experiment(address, name)
    replay_sample(address)
    keep_report(log_url, name)


def start_experiment(log_url: str) -> str:
    """An experiment between the rules and the learned router, unless the log has a live one; its name."""
    from tierwise.data.decision_log import DecisionLog

    arms = (Arm("rules", "rules", 0.5), Arm("learned", "champion", 0.5))
    with DecisionLog.open(log_url) as log:
        live = log.live_experiment()
        if live is not None:
            return live.name
        name = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        log.put_experiment(Experiment(name, arms, salt=name, started_at=time.time()))
        return name


def checked_port(port: int) -> int:
    """The port, or a free one for 0. Raises ``PortError`` where somebody else listens on it: better now than after
    the training."""
    try:
        with socket.create_server(("127.0.0.1", port)) as free:
            return int(free.getsockname()[1])
    except OSError as error:
        raise PortError(
            f"port {port} cannot be used: {error.strerror}; name another one, such as tierwise demo --port {port + 1} "
            f'or make demo ARGS="--port {port + 1}"'
        ) from None


def _log_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'decisions.db'}"
