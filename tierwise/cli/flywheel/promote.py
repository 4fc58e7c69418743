"""``tierwise promote`` and ``tierwise rollback``: what serves, with a trail of who changed it and why."""

import getpass
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.console import say
from tierwise.cli.flywheel.retrain import NameOption
from tierwise.data.errors import TierwiseError
from tierwise.data.program.extras import needs_extra

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog
    from tierwise.training.flywheel.registry import Registry

WhyOption = Annotated[str, typer.Option(help="Why, in your words; kept in the audit trail.")]
ByOption = Annotated[str | None, typer.Option(help="Who; default: the user of this process.")]
LogUrlOption = Annotated[
    str, typer.Option(envvar="TIERWISE_LOG_URL", show_envvar=False, help="Database URL of the decision log.")
]
DEFAULT_LOG_URL = "sqlite:///.tierwise/decisions.db"


def promote(
    why: WhyOption,
    by: ByOption = None,
    name: NameOption = "tierwise",
    version: Annotated[str | None, typer.Option(help="Version to promote; default: the challenger.")] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Experiment that the challenger won; stands in for the gates.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overrule the gates; the audit trail will say so.")] = False,
    log_url: LogUrlOption = DEFAULT_LOG_URL,
) -> None:
    """Make the challenger the champion, if it has passed its gates or won an experiment."""
    with needs_extra("train"):
        from tierwise.data.decision_log import DecisionLog
        from tierwise.training.flywheel import promotion
    from tierwise.training.flywheel.registry import Registry

    registry = Registry.open(name)
    with DecisionLog.open(log_url) as log:
        won = None if experiment is None else _won_experiment(log, registry, experiment, version)
        grounds = promotion.Grounds(actor_of(by), why, won, force)
        change = promotion.promote(registry, log, grounds, version)
    say(f"Version {change.version} of '{name}' is champion; it replaces {_shown(change.replaced)}.")


def rollback(
    why: WhyOption,
    by: ByOption = None,
    name: NameOption = "tierwise",
    log_url: LogUrlOption = DEFAULT_LOG_URL,
) -> None:
    """Put back what served before the champion was promoted."""
    with needs_extra("train"):
        from tierwise.data.decision_log import DecisionLog
        from tierwise.training.flywheel import promotion
    from tierwise.training.flywheel.registry import Registry

    with DecisionLog.open(log_url) as log:
        change = promotion.rollback(Registry.open(name), log, promotion.Grounds(actor_of(by), why))
    say(f"'{name}' is decided by {_shown(change.version)} again, instead of {_shown(change.replaced)}.")


def _won_experiment(
    log: "DecisionLog", registry: "Registry", experiment: str, version: str | None
) -> Mapping[str, object]:
    """The verdict for the audit trail. Raises ``TierwiseError`` where the candidate's own arm did not win."""
    from tierwise.training.flywheel.experiment_log import read_experiment, winning_arm
    from tierwise.training.runs.tracking import CHALLENGER

    candidate = registry.by_alias(CHALLENGER) if version is None else registry.version(version)
    if candidate is None:
        raise TierwiseError(f"'{registry.name}' has no challenger; name a --version")
    return winning_arm(read_experiment(log, experiment), candidate.router_version or "")


def actor_of(by: str | None) -> str:
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise TierwiseError("this process's user has no name; say who with --by") from None


def _shown(version: str | None) -> str:
    return "the rules" if version is None else f"version {version}"
