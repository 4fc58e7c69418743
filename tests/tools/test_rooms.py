"""The page of rooms is the one that the code gives, and the picture in the architecture is the same."""

import ast
import re
from pathlib import Path

import pytest

from tools.rooms import LAYERS, PAGE, ROOT, imports, page, room_of


@pytest.fixture(scope="module")
def made() -> str:
    """The page as the code gives it."""
    return page()


def drawn(text: str) -> list[str]:
    return re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)


@pytest.mark.slow
def test_the_page_is_current(made: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == made, "run: make docs"


@pytest.mark.slow
def test_the_architecture_shows_the_same_picture(made: str) -> None:
    assert drawn((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")) == drawn(made)


@pytest.mark.slow
def test_no_arrow_goes_up() -> None:
    """The picture would show it; agents and training, which may not see each other, stand side by side."""
    below = {layer: set(LAYERS[place + 1 :]) for place, layer in enumerate(LAYERS)}
    below["agents"].discard("training")
    for room, others in imports().items():
        layer = room.partition(".")[0]
        assert {other.partition(".")[0] for other in others} <= below[layer] | {layer}, room


def test_every_package_is_in_a_room_and_says_what_it_is_for() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for init in ROOT.glob("serving/*/__init__.py"):
        assert f"| `serving/{init.parent.name}/` |" in text
        assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8")))


def test_a_module_is_in_the_package_below_its_layer() -> None:
    assert room_of("serving.gateway.calls.call") == "serving.gateway"
    assert room_of("serving.settings") == "serving"
    assert room_of("cli.logs.tax") == "cli.logs"
    assert Path(PAGE).name == "rooms.md"
