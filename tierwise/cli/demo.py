"""``tierwise demo``: the whole circle on the sample log, from training to an answering address."""

import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli.console import StageBar, say
from tierwise.cli.evaluate import evaluate_router, print_evaluation
from tierwise.cli.sources import read_logs
from tierwise.cli.traffic import SESSION, replay, wait_until_ready
from tierwise.cli.train import say_registered, say_training
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.experiments import Arm, Experiment
from tierwise.data.extras import needs_extra
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.splits import assign_folds
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.options import NO_OPTIONS
from tierwise.router_model.router import Router

_TEST_FOLDS = 3  # one in three groups of steps is kept for the evaluation


def demo(
    folder: Annotated[Path, typer.Option(help="Where the bundle, report and decision log go.")] = Path(
        ".tierwise/demo"
    ),
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.")] = 8080,
    serve: Annotated[bool, typer.Option(help="Serve the router until interrupted.")] = True,
    traffic: Annotated[
        bool,
        typer.Option("--traffic", help="Replay the sample log as live tasks, so that the dashboard has something."),
    ] = False,
    address: Annotated[
        str | None, typer.Option(help="With --traffic: replay against the service that answers here, and do no more.")
    ] = None,
) -> None:
    """Train on the sample log, evaluate on steps kept aside, export, register, serve."""
    if traffic and address is not None:
        replay_sample(address)
        return
    with needs_extra("train"):
        from tierwise.training.account import TrainingAccount
        from tierwise.training.config import TrainConfig
        from tierwise.training.evaluation.report import write_report
        from tierwise.training.train import train_router
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = TierCatalogue.load(sample_tiers_path())
    steps = read_logs([str(sample_log_path())], catalogue, folder / "quarantine.jsonl")
    is_test = assign_folds(steps, _TEST_FOLDS) == 0
    train_steps = [step for step, test in zip(steps, is_test, strict=True) if not test]
    test_steps = [step for step, test in zip(steps, is_test, strict=True) if test]
    say(f"Sample log: {len(steps)} agent steps, {len(test_steps)} of them kept aside, by template, to evaluate on.")

    with StageBar() as progress:
        trained = train_router(train_steps, catalogue, progress=progress)
    bundle = folder / "bundle"
    trained.save(bundle)
    lines = say_training(trained)

    router = Router.load(bundle)
    evaluation = evaluate_router(router, test_steps, NO_OPTIONS)
    print_evaluation(evaluation, f"Router {router.version} on {len(test_steps)} steps kept aside")
    write_report(evaluation, folder / "report")
    say(f"Report: {folder / 'report'}   Bundle: {bundle}")
    account = TrainingAccount([str(sample_log_path())], len(train_steps), TrainConfig(), lines)
    say_registered(bundle, "tierwise-demo", account)
    if serve:
        _serve(bundle, folder, port, traffic)


def replay_sample(address: str) -> None:
    """Replays the whole sample log against a running service."""
    catalogue = TierCatalogue.load(sample_tiers_path())
    steps = load_step_logs([sample_log_path()], catalogue).steps
    wait_until_ready(address)
    with StageBar() as progress:
        progress("demo traffic", len(steps))
        n_steps = replay(address, steps, catalogue.names, progress.step)
    say(f"{n_steps} steps replayed in the session {SESSION}. Look at them: {address}/dashboard")


def _serve(bundle: Path, folder: Path, port: int, traffic: bool) -> None:
    with needs_extra("serve"):
        from tierwise.serving.run import serve as serve_forever
        from tierwise.serving.settings import load_settings
    log_url = f"sqlite:///{folder / 'decisions.db'}"
    if traffic:
        port = port or _free_port()
        name = start_experiment(log_url)
        arguments = (f"http://127.0.0.1:{port}", log_url, name)
        threading.Thread(target=_replay_and_report, args=arguments, daemon=True).start()
    serve_forever(load_settings(None, bundle=bundle, port=port, log_url=log_url, log_level="warning"))


def _replay_and_report(address: str, log_url: str, experiment: str) -> None:
    from tierwise.cli.experiment import keep_report

    replay_sample(address)
    keep_report(log_url, experiment)


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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
