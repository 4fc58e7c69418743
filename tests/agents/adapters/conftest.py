"""A stub provider and a real service for the frameworks to talk to. Each framework's tests run in its environment."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def stack() -> Iterator[Any]:
    """The stack of the examples: ``provider``, ``service``, ``tiers``, ``log_url``."""
    spec = importlib.util.spec_from_file_location("local_stack", EXAMPLES / "local_stack.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["local_stack"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.local_stack() as running:
        yield running


@pytest.fixture
def fresh(stack: Any) -> Callable[[Any, int], list[Any]]:
    """Called with a client, None for one that is closed, and a number of attempts: gives the pairs of logged step and
    attempt that the log gained since the test began."""
    known = {step.step_id for step in stack.logged_steps()}

    def read(client: Any, n_attempts: int) -> list[Any]:
        assert client is None or client.flush(10)
        steps = [step for step in stack.logged_steps(len(known) + n_attempts) if step.step_id not in known]
        found = [(step, attempt) for step in steps for attempt in step.attempts]
        assert len(found) == n_attempts, found
        return found

    return read
