"""Tierwise: the cheapest LLM tier that will do an agent's step well, learned from the team's own logs.

>>> from tierwise import RulesRouter, Step, TierCatalogue
>>> RulesRouter(TierCatalogue.load()).decide(Step(text="Extract the total.", task_type="extract")).tier
'small'
"""

try:
    from tierwise.agents.client import AsyncClient, AsyncLocalClient, Client, LocalClient, RoutedDecision
    from tierwise.data.catalogue import Tier, TierCatalogue
    from tierwise.data.errors import TierwiseError
    from tierwise.data.records import Attempt, Decision, LoggedStep, Message, Outcome, Step, Tool
    from tierwise.router_model.options import DecideOptions
    from tierwise.router_model.router import Router
    from tierwise.router_model.rules import ConstantRouter, RulesRouter
except ModuleNotFoundError as missing:
    from pathlib import Path as _Path

    if not (missing.name or "").startswith("tierwise.") or not (_Path(__file__).parent / "data").is_file():
        raise
    raise ImportError(
        f"{_Path(__file__).parent} was checked out without symbolic links, so that its folders are text files. Either "
        "install it (pip install -e .), or run: git config core.symlinks true && git checkout -- tierwise"
    ) from None

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "AsyncLocalClient",
    "Attempt",
    "Client",
    "ConstantRouter",
    "DecideOptions",
    "Decision",
    "LocalClient",
    "LoggedStep",
    "Message",
    "Outcome",
    "RoutedDecision",
    "Router",
    "RulesRouter",
    "Step",
    "Tier",
    "TierCatalogue",
    "TierwiseError",
    "Tool",
    "__version__",
]
