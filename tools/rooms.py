"""The picture of the imports and the table of rooms, read off the code; ``python -m tools.rooms`` writes docs/rooms.md.

A room is a package, with the packages inside of it. Nothing is imported; the same code gives the same page.
"""

import argparse
import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rooms.md"
LAYERS = ("cli", "serving", "agents", "training", "router_model", "features", "data")
"""From the top down, as the contract of import-linter has them."""

_HEAD = """# Rooms

Written by `make docs` from the code (`tools/rooms.py`); a test holds it to the code. An arrow is an import, left out
where a longer way says it too. What the layers are for stands in [the architecture](architecture.md).
"""

Edges = Mapping[str, set[str]]


def room_of(module: str) -> str:
    """The room of a module by its dotted name below ``tierwise``: its layer, and the package in it, if any.

    >>> room_of("serving.gateway.calls.call"), room_of("serving.app")
    ('serving.gateway', 'serving')
    """
    parts = module.split(".")
    return ".".join(parts[: 2 if _folder(".".join(parts[:2])).is_dir() else 1])


def imports() -> dict[str, set[str]]:
    """By room the other rooms that its modules import, wherever in a module they do."""
    found: dict[str, set[str]] = defaultdict(set)
    for layer in LAYERS:
        for path in sorted(_folder(layer).rglob("*.py")):
            inside = path.relative_to(_folder(layer)).with_suffix("").as_posix().replace("/", ".")
            here = room_of(f"{layer}.{inside}".removesuffix(".__init__"))
            found[here].update(room_of(name) for name in _imported(path))
    return {room: others - {room} for room, others in sorted(found.items())}


def page() -> str:
    """Markdown: the picture in Mermaid, and a table of rooms for each layer."""
    edges = imports()
    return "\n".join([_HEAD, "```mermaid", *_picture(edges), "```", *_tables(edges), ""])


def _picture(edges: Edges) -> Iterator[str]:
    layers: dict[str, set[str]] = defaultdict(set)
    for room, others in edges.items():
        layers[_layer(room)].update(map(_layer, others))
    yield "flowchart TD"
    for layer in LAYERS:
        for other in _below(layer, layers[layer]):
            if not any(other in layers[between] for between in layers[layer] - {layer, other}):
                yield f"    {layer} --> {other}"


def _below(layer: str, others: Iterable[str]) -> list[str]:
    return [other for other in LAYERS if other in others and other != layer]


def _tables(edges: Edges) -> Iterator[str]:
    for layer in LAYERS:
        yield from ("", f"## {layer}", "", "| room | what is there | imports |", "|---|---|---|")
        for room in [room for room in edges if _layer(room) == layer]:
            folder = _folder(room).relative_to(ROOT).as_posix()
            yield f"| `{folder}/` | {_purpose(room)} | {_named(room, sorted(edges[room]))} |"


def _named(room: str, others: list[str]) -> str:
    """Rooms of the same layer by their own names, then those of lower layers."""
    own = [other.partition(".")[2] or "the layer itself" for other in others if _layer(other) == _layer(room)]
    lower = [other for other in others if _layer(other) != _layer(room)]
    return "; ".join(", ".join(names) for names in (own, lower) if names)


def _purpose(room: str) -> str:
    """The first sentence of the package's docstring."""
    text = ast.get_docstring(ast.parse((_folder(room) / "__init__.py").read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("|", "/").replace(":mod:", "").replace("``", "`")


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        inside = (name.removeprefix("tierwise.") for name in names if name.startswith("tierwise."))
        yield from (name for name in inside if name.partition(".")[0] in LAYERS)


def _layer(room: str) -> str:
    return room.partition(".")[0]


def _folder(name: str) -> Path:
    return ROOT / ("tierwise/cli" if name == "cli" else name.replace("cli.", "tierwise/cli/", 1).replace(".", "/"))


def main() -> None:
    """Writes the page, or with ``--check`` says whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the page is current")
    if parser.parse_args().check:
        raise SystemExit(0 if PAGE.read_text(encoding="utf-8") == page() else "docs/rooms.md is not current: make docs")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
