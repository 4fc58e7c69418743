"""A workshop: scripted models on a real socket, a runtime with tools, a log and journals in a folder of the test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Answer, Stub
from tests.agents.runtime.script import Script, Workshop
from tierwise.data.catalogue import TierCatalogue


@pytest.fixture
def workshop(
    stub: Callable[[Answer], Stub], tiers_at: Callable[..., TierCatalogue], tmp_path: Path
) -> Callable[..., Workshop]:
    def make(plan: str | list[str], work: Any = lambda *_: "done") -> Workshop:
        script = Script([plan] if isinstance(plan, str) else plan, work)
        return Workshop(script, tiers_at(stub(script).address), tmp_path)

    return make
