"""What training left beside the bundle: the evaluation that ``tierwise evaluate --report`` writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierwise.data.compared.intervals import Interval
from tierwise.router_model.router import Router
from tierwise.serving.service import Service

EVALUATION_FORMAT = "tierwise-evaluation/1"
_MAX_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evaluation that was found. ``is_of_live_router`` is false when it measured another version."""

    path: Path
    content: Mapping[str, Any]
    is_of_live_router: bool

    @property
    def full(self) -> Mapping[str, Any] | None:
        """The figures with full information; None where the log could not give them."""
        found = self.content.get("full_information")
        return found if isinstance(found, dict) and "choices" in found else None


def find_evidence(service: Service) -> Evidence | None:
    """The evaluation that the setting ``report`` names, or else the one in ``report`` beside the served bundle."""
    path = _path(service)
    if path is None or not path.is_file() or path.stat().st_size > _MAX_BYTES:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("format") != EVALUATION_FORMAT:
        return None
    return Evidence(path, content, service.slot.decider.version in content.get("versions", []))


def live_router(service: Service) -> Router | None:
    """The learned router that serves; None while rules decide."""
    decider = service.slot.decider
    return decider if isinstance(decider, Router) else None


def training_summary(service: Service) -> Mapping[str, Any]:
    """What the manifest of the served bundle says of its training; nothing where it is not a folder on disk."""
    bundle = service.settings.bundle
    if bundle is None:
        return {}
    try:
        manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    summary = manifest.get("training", {})
    return summary if isinstance(summary, dict) else {}


def to_interval(raw: Mapping[str, Any] | None) -> Interval | None:
    """An estimate of the evaluation; None where it has no value."""
    if raw is None or raw.get("value") is None:
        return None
    return Interval(raw["value"], raw.get("low"), raw.get("high"), int(raw["n"]), float(raw["n_effective"]))


def _path(service: Service) -> Path | None:
    if service.settings.report is not None:
        return service.settings.report / "evaluation.json"
    bundle = service.settings.bundle
    return None if bundle is None else bundle.parent / "report" / "evaluation.json"
