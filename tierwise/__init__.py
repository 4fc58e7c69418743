"""Tierwise: the cheapest LLM tier that will do an agent's step well, learned from the team's own logs.

>>> from tierwise import RulesRouter, Step, TierCatalogue
>>> RulesRouter(TierCatalogue.load()).decide(Step(text="Extract the total.", task_type="extract")).tier
'small'
"""

import os
from importlib import import_module
from os.path import isfile
from typing import TYPE_CHECKING

if isfile(f"{__path__[0]}/data"):
    raise ImportError(
        f"{__path__[0]} was checked out without symbolic links, so that its folders are text files. Either "
        "install it (pip install -e .), or run: git config core.symlinks true && git checkout -- tierwise"
    )

if TYPE_CHECKING:
    from tierwise.agents.client import AsyncClient, AsyncLocalClient, Client, LocalClient, RoutedDecision
    from tierwise.data.catalogue import Tier, TierCatalogue
    from tierwise.data.errors import TierwiseError
    from tierwise.data.records import Attempt, Decision, LoggedStep, Message, Outcome, Step, Tool
    from tierwise.router_model.options import DecideOptions
    from tierwise.router_model.router import Router
    from tierwise.router_model.rules import ConstantRouter, RulesRouter

__version__ = "0.1.0"

# ONNX Runtime and MLflow report their use to their makers unless told not to, before they are first imported.
for _name in ("ORT_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "true")

_MODULES = {
    "AsyncClient": "tierwise.agents.client",
    "AsyncLocalClient": "tierwise.agents.client",
    "Attempt": "tierwise.data.records",
    "Client": "tierwise.agents.client",
    "ConstantRouter": "tierwise.router_model.rules",
    "DecideOptions": "tierwise.router_model.options",
    "Decision": "tierwise.data.records",
    "LocalClient": "tierwise.agents.client",
    "LoggedStep": "tierwise.data.records",
    "Message": "tierwise.data.records",
    "Outcome": "tierwise.data.records",
    "RoutedDecision": "tierwise.agents.client",
    "Router": "tierwise.router_model.router",
    "RulesRouter": "tierwise.router_model.rules",
    "Step": "tierwise.data.records",
    "Tier": "tierwise.data.catalogue",
    "TierCatalogue": "tierwise.data.catalogue",
    "TierwiseError": "tierwise.data.errors",
    "Tool": "tierwise.data.records",
}
"""Where the public names are: each is imported when it is first used, so that importing Tierwise costs little."""

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


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'tierwise' has no attribute '{name}'")
    found: object = getattr(import_module(module), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
