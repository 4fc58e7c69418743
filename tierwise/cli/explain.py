"""``tierwise explain``: why a step gets its tier."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli.console import print_table
from tierwise.cli.decide import decision_to_dict
from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_step
from tierwise.data.records import Decision, Step
from tierwise.data.step_log import Malformed, read_step_log
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router


def explain(
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    step: Annotated[str | None, typer.Option(help="The step as JSON, or - to read it from stdin.")] = None,
    log: Annotated[Path | None, typer.Option(help="Step log that holds the step.")] = None,
    step_id: Annotated[str | None, typer.Option(help="Which step of the log.")] = None,
    max_quality_loss: Annotated[float | None, typer.Option(help="Tolerated relative loss of success.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision and the figures as JSON.")] = False,
) -> None:
    """Explain the decision for one step, given as JSON or taken from a log."""
    router = Router.load(bundle)
    options = DecideOptions(max_quality_loss=max_quality_loss, explain=True)
    decision = router.decide(_find_step(step, log, step_id), options)
    if as_json:
        typer.echo(json.dumps(_explained_to_dict(decision), indent=2))
        return
    columns = ["tier", "P(success)", "expected µUSD"]
    rows = [
        [f"{tier} ◀" if tier == decision.tier else tier, f"{p:.1%}", f"{1e6 * decision.expected_cost_usd[tier]:.2f}"]
        for tier, p in decision.p_success.items()
    ]
    print_table(f"Router {router.version} chooses '{decision.tier}'", columns, rows)
    for line in (decision.reason.text, *decision.explanation):
        typer.echo(line)


def _explained_to_dict(decision: Decision) -> dict[str, object]:
    figures = dict(decision.explanation_figures)
    return {**decision_to_dict(decision), "explanation": list(decision.explanation), "explanation_figures": figures}


def _find_step(step: str | None, log: Path | None, step_id: str | None) -> Step:
    if step is not None:
        try:
            raw = json.loads(sys.stdin.read() if step == "-" else step)
        except (ValueError, RecursionError) as error:
            raise RecordError("--step", f"is not JSON: {error}") from None
        return parse_step(raw.get("step", raw) if isinstance(raw, dict) else raw)
    if log is None:
        raise RecordError("--step", "is missing; give a step as JSON, or --log and --step-id")
    for record in read_step_log(log, with_outcomes=False):
        if not isinstance(record, Malformed) and step_id in (None, record.step_id):
            return record.step
    raise RecordError("--step-id", f"'{step_id}' is not in {log}")
