"""Commands that are imported when they are asked for: what help says of them, and what is not imported before."""

import subprocess
import sys
from importlib import import_module
from inspect import getdoc

import pytest
import typer

import tierwise
from tierwise.cli.lazy import COMMANDS, LazyCommands

HEAVY = {"numpy", "onnxruntime", "pydantic", "sqlalchemy", "rich", "httpx2", "lightgbm", "fastapi"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_the_first_sentence_of_each_command(name: str) -> None:
    known = COMMANDS[name]
    found = getattr(import_module(f"tierwise.cli.{known.module}"), known.attribute)
    said = found.info.help if isinstance(found, typer.Typer) else getdoc(found)
    assert known.summary.removesuffix(".") == " ".join(said.split()).split(". ")[0].removesuffix(".")


@pytest.mark.parametrize(
    "program", ["import tierwise", "import sys; sys.argv[1:] = ['--version']; import tierwise.__main__ as m; main(m)"]
)
def test_importing_the_package_and_asking_for_its_version_imports_nothing_heavy(program: str) -> None:
    lines = ["def main(module):", "    try: module.main()", "    except SystemExit: pass", *program.split("; ")]
    code = "\n".join([*lines, "import sys", "print('imported', *{name.partition('.')[0] for name in sys.modules})"])
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split("imported")[-1].split()) & HEAVY == set()


def test_every_public_name_is_there_and_others_are_not() -> None:
    assert all(getattr(tierwise, name) is not None for name in tierwise.__all__)
    assert set(tierwise.__all__) <= set(dir(tierwise))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        tierwise.Nothing  # noqa: B018


def test_groups_of_commands_have_no_options_of_their_own() -> None:
    groups = [LazyCommands().get_command(None, name) for name in ("encoder", "experiment")]
    assert [[parameter.name for parameter in group.params] for group in groups] == [[], []]
    assert groups[1].get_command(None, "start") is not None
