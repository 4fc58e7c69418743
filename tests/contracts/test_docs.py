"""The docs do not lie: links lead somewhere, and every named target, command and option exists."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.parsing import parse_logged_step
from tierwise.data.records import LoggedStep

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
MAKE = re.compile(r"(?:^|[\s&;(])make ([a-z][a-z-]*)")
COMMAND = re.compile(r"(?:^|[\s/&;(])(?<!from )tierwise ((?:[a-z][a-z-]*\b(?![.:=/\[])[ ]?)+)?(.*)", re.MULTILINE)
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")


@pytest.fixture(scope="module")
def pages(root: Path, tracked: list[str]) -> dict[str, str]:
    return {path: (root / path).read_text(encoding="utf-8") for path in tracked if path.endswith(".md")}


@pytest.fixture(scope="module")
def command_line() -> Any:
    cli = importlib.import_module("tierwise.cli")
    (app,) = {id(value): value for value in vars(cli).values() if isinstance(value, typer.Typer)}.values()
    return get_command(app)


def code_of(page: str) -> list[str]:
    """The lines of code blocks, continuation lines joined, and the inline code."""
    blocks = "\n".join(FENCE.findall(page)).replace("\\\n", " ")
    return [line.partition(" #")[0] for line in blocks.splitlines()] + SPAN.findall(FENCE.sub("", page))


def anchors_of(page: str) -> set[str]:
    headings = re.findall(r"^#{1,6} +(.+?)\s*$", FENCE.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_somewhere(root: Path, pages: dict[str, str]) -> None:
    broken = []
    for path, page in pages.items():
        for link in (first or second for first, second in LINK.findall(FENCE.sub("", page))):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            file = (root / path).parent / target if target else root / path
            is_there = file.exists() and file.resolve().is_relative_to(root.resolve())
            if not is_there or (anchor and anchor not in anchors_of(file.read_text(encoding="utf-8"))):
                broken.append(f"{path}: {link}")
    assert broken == []


def test_every_named_make_target_exists(root: Path, pages: dict[str, str]) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {(path, target) for path, page in pages.items() for line in code_of(page) for target in MAKE.findall(line)}
    assert sorted(f"{path}: make {target}" for path, target in named if target not in targets) == []


def test_every_named_command_and_option_exists(pages: dict[str, str], command_line: Any) -> None:
    wrong = []
    for path, page in pages.items():
        for line in code_of(page):
            for words, rest in COMMAND.findall(line):
                problem = unknown_part(command_line, words.split(), OPTION.findall(rest))
                if problem:
                    wrong.append(f"{path}: {line.strip()} ({problem})")
    assert wrong == []


def unknown_part(command: Any, words: list[str], options: list[str]) -> str | None:
    """What of a command line does not exist; words after a command without sub-commands are its arguments."""
    for word in words:
        if not hasattr(command, "get_command"):
            break
        found = command.get_command(None, word)
        if found is None:
            return f"no command {word}"
        command = found
    known = {"--help", *(name for p in command.params for name in (*p.opts, *p.secondary_opts))}
    missing = [option for option in options if option not in known]
    return f"no option {missing[0]}" if missing else None


def test_every_make_target_is_explained(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    listed = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\S+)", listed, re.MULTILINE)) == set(phony[1].split())


def test_examples_of_the_guides_are_what_the_program_reads(root: Path) -> None:
    guides = root / "docs" / "guides"
    lines = re.findall(r"```json\n(.*?)```", (guides / "step-log.md").read_text(encoding="utf-8"), re.DOTALL)
    read = [parse_logged_step(json.loads(line)) for line in lines]
    assert len(read) == 2
    assert all(not step.extra and not step.step.extra and not step.attempts[0].extra for step in read)
    (tiers,) = re.findall(r"```toml\n(.*?)```", (guides / "tiers.md").read_text(encoding="utf-8"), re.DOTALL)
    assert TierCatalogue.from_mapping(tomllib.loads(tiers)).names == ("small", "mid", "frontier")


def test_the_written_lists_of_fields_are_those_of_the_records(root: Path) -> None:
    script = [sys.executable, root / "docs" / "field_lists.py", "--check"]
    run = subprocess.run(
        script, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_guides_name_every_field(root: Path) -> None:
    step_log = (root / "docs" / "guides" / "step-log.md").read_text(encoding="utf-8")
    assert {f.name for f in fields(LoggedStep) if f.name != "extra" and f'"{f.name}"' not in step_log} == set()
    tiers = (root / "docs" / "guides" / "tiers.md").read_text(encoding="utf-8")
    assert {f.name for f in fields(Model) if f"`{f.name}`" not in tiers} == set()


def test_every_decision_is_numbered_once(tracked: list[str]) -> None:
    numbers = [Path(path).name[:5] for path in tracked if path.startswith("docs/decisions/")]
    assert all(re.fullmatch(r"\d{4}-", number) for number in numbers)
    assert len(numbers) == len(set(numbers))
