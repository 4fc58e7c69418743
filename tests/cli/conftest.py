"""The program as a shell sees it: exit code, stdout and stderr."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tierwise.cli import main


@dataclass(frozen=True)
class Ran:
    """What one run of ``tierwise`` left."""

    code: int
    out: str
    err: str


RunTierwise = Callable[..., Ran]


@pytest.fixture
def tierwise(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> RunTierwise:
    """Runs ``tierwise`` with these arguments; an exception that would be a traceback fails the test."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["tierwise", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err
        return Ran(int(stopped.value.code or 0), captured.out, captured.err)

    return run
