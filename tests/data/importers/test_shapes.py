"""Do the libraries still write what the fixtures in the repository hold? Runs where CI has recorded anew."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"
FRESH = os.environ.get("TIERWISE_RECORDED")


@pytest.mark.skipif(FRESH is None, reason="nothing was recorded anew; make test-importers does")
@pytest.mark.parametrize(
    "path", sorted(path for path in FIXTURES.iterdir() if path.is_file()), ids=lambda path: path.name
)
def test_every_field_of_a_fixture_is_still_written(path: Path) -> None:
    """New fields are no concern of ours; a field that vanished or changed its type may be one that we read."""
    assert FRESH is not None
    gone = shape_of(path) - shape_of(Path(FRESH) / path.name)
    assert sorted(gone) == []


def shape_of(path: Path) -> set[str]:
    """Every path to a value in a file, with the value's type; positions and the ids of spans do not matter."""
    text = path.read_text(encoding="utf-8")
    documents = [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
    return {found for document in documents for found in _paths(document, "")}


def _paths(value: object, where: str) -> Iterator[str]:
    if isinstance(value, dict) and set(value) == {"key", "value"}:  # an attribute of OTLP
        yield f"{where}.{value['key']}"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{where}[]")
    elif value is not None:
        yield f"{where}: {'number' if isinstance(value, int | float) else type(value).__name__}"
