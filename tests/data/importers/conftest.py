"""Where the recorded logs are, and the tiers and rules that the scenario of the recorders needs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, ImportReport, import_records

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Logs that the real libraries wrote: those in the repository, or those that CI has just recorded anew."""
    return Path(os.environ.get("TIERWISE_RECORDED", FIXTURES))


@pytest.fixture(scope="session")
def tiers() -> TierCatalogue:
    """The scenario's two models; a million input tokens cost 0.15 and 2.50 dollars."""
    small = {"name": "gpt-4o-mini", "input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.60}
    large = {"name": "gpt-4o", "input_usd_per_mtok": 2.50, "output_usd_per_mtok": 10.0}
    return TierCatalogue.from_mapping(
        {"tiers": [{"name": "small", "models": [small]}, {"name": "frontier", "models": [large]}]}
    )


@pytest.fixture
def imported(tiers: TierCatalogue) -> Callable[..., ImportReport]:
    """``imported(format, paths, map)``: one import."""

    def run(format_name: str, paths: list[Path], mapping: ImportMap | None = None) -> ImportReport:
        mapping = mapping or ImportMap()
        return import_records(format_name, FORMATS[format_name].read(paths, mapping), tiers, mapping)

    return run
