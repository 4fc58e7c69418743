"""What the command line explains: the training configuration, its sources, completion, and where to get an extra."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tierwise.cli.console import print_table
from tierwise.data.errors import install_command
from tierwise.training.config import TrainConfig
from tierwise.training.described import KEYS, describe_config

ROOT = Path(__file__).resolve().parents[2]


def test_every_key_of_the_configuration_is_explained_and_what_is_shown_can_be_used(
    tierwise: Callable[..., Any],
) -> None:
    ran = tierwise("train", "--show-config")
    assert ran.code == 0
    assert TrainConfig.from_mapping(tomllib.loads(ran.out)) == TrainConfig()
    tables = {"booster", "guardrails"}
    known = {field.name for field in fields(TrainConfig)} - tables
    for table in tables:
        known |= {f"{table}.{field.name}" for field in fields(type(getattr(TrainConfig(), table)))}
    assert set(KEYS) == known
    assert describe_config(TrainConfig()) in (ROOT / "docs/guides/train-toml.md").read_text(encoding="utf-8")


def test_sources_are_explained_once_for_all_commands(tierwise: Callable[..., Any]) -> None:
    shown = " ".join(tierwise("--help").out.split())
    assert "--log and --steps name what is read" in shown
    assert "--install-completion" in shown


def test_figures_are_whole_in_pipes(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"column {i}" for i in range(30)]
    print_table("Wide", columns, [[f"{i}.123456789" for i in range(30)]])
    said = capsys.readouterr().out
    assert all(f"{i}.123456789" in said for i in range(30))
    assert "…" not in said


def test_a_hint_names_a_command_that_works_from_here() -> None:
    assert install_command("train").endswith(f"-m pip install -e '{ROOT}[train]'")


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "completed"), [("tr", "train"), ("serve --mirr", "--mirror-share")])
def test_a_shell_completes_commands_and_options(typed: str, completed: str) -> None:
    asked = {"_TIERWISE_COMPLETE": "complete_bash", "COMP_WORDS": f"tierwise {typed}"}
    asked["COMP_CWORD"] = str(len(typed.split()))
    program = "from tierwise.cli import app; app(prog_name='tierwise')"
    environment = os.environ | asked | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert completed in ran.stdout.split()
