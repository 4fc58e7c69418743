"""``tierwise demo``: the whole circle on the sample log, from training to an answering address."""

from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli.console import StageBar, say
from tierwise.cli.evaluate import evaluate_router, print_evaluation
from tierwise.cli.extras import needs_extra
from tierwise.cli.sources import read_logs
from tierwise.cli.train import say_registered, say_training
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.splits import assign_folds
from tierwise.router_model.options import NO_OPTIONS
from tierwise.router_model.router import Router

_TEST_FOLDS = 3  # one in three groups of steps is kept for the evaluation


def demo(
    folder: Annotated[Path, typer.Option(help="Where the bundle, report and decision log go.")] = Path(
        ".tierwise/demo"
    ),
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.")] = 8080,
    serve: Annotated[bool, typer.Option(help="Serve the router until interrupted.")] = True,
) -> None:
    """Train on the sample log, evaluate on steps kept aside, export, register, serve."""
    with needs_extra("train"):
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
    say_training(trained)

    router = Router.load(bundle)
    evaluation = evaluate_router(router, test_steps, NO_OPTIONS)
    print_evaluation(evaluation, f"Router {router.version} on {len(test_steps)} steps kept aside")
    write_report(evaluation, folder / "report")
    say(f"Report: {folder / 'report'}   Bundle: {bundle}")
    say_registered(bundle, "tierwise-demo")
    if serve:
        _serve(bundle, folder, port)


def _serve(bundle: Path, folder: Path, port: int) -> None:
    with needs_extra("serve"):
        from tierwise.serving.run import serve as serve_forever
        from tierwise.serving.settings import load_settings
    log_url = f"sqlite:///{folder / 'decisions.db'}"
    serve_forever(load_settings(None, bundle=bundle, port=port, log_url=log_url, log_level="warning"))
