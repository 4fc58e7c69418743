"""What every test may use: a small priced catalogue, a stub provider, and a hypothesis profile with the same examples
each run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tierwise.data.catalogue import TierCatalogue

settings.register_profile(
    "tierwise", deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tierwise")


@pytest.fixture(scope="session")
def catalogue() -> TierCatalogue:
    """Small, mid and frontier; a million input tokens cost 1, 4 and 16 dollars, output tokens twice that."""
    prices = {"small": 1.0, "mid": 4.0, "frontier": 16.0}
    tiers = [
        {"name": name, "models": [{"name": f"{name}-1", "input_usd_per_mtok": usd, "output_usd_per_mtok": 2 * usd}]}
        for name, usd in prices.items()
    ]
    return TierCatalogue.from_mapping({"tiers": tiers})


@pytest.fixture(scope="session")
def stub_url() -> Iterator[str]:
    """The address of a stub provider in a process of its own; the names of models say how it behaves."""
    script = Path(__file__).parents[1] / "examples" / "stub_upstream.py"
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
