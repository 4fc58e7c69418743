"""Schemas of others: checked as the specification says, and never for longer than is allowed."""

from typing import Any

import pytest

from tests.pace import processor_time_below
from tierwise.data.foreign import UncheckableError, WrongSchemaError
from tierwise.data.foreign.limits import MAX_CHECK_SECONDS
from tierwise.data.foreign.schema import check_schema, misfits

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DOUBLING = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)} | {"d40": {}}


@pytest.mark.parametrize(
    ("schema", "value", "keyword"),
    [
        ({"type": "object"}, [], "type"),
        ({"pattern": "^[a-z]+$"}, "A", "pattern"),
        ({"patternProperties": {"^n_": {"type": "integer"}}}, {"n_steps": "3"}, "type"),
        ({"patternProperties": {"^n_": {}}, "additionalProperties": False}, {"m": 1}, "additionalProperties"),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "null"}}, {"b": 1}, "type"),
        ({"uniqueItems": True}, [{"a": 1}, {"a": 1.0}], "uniqueItems"),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"const": 1}}}, 2, "const"),
        ({"$schema": DRAFT_7, "items": [{"type": "string"}]}, [1], "type"),
    ],
)
def test_the_first_misfit_is_named(schema: dict[str, Any], value: object, keyword: str) -> None:
    assert misfits(schema, value, n_most=1)[0].keyword == keyword


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "b"}, "abc"),
        ({"patternProperties": {"^n_": {}}, "additionalProperties": False}, {"n_a": 1}),
        ({"uniqueItems": True}, [1, True, "1"]),
        ({"$schema": "https://example.org/unknown", "type": "integer"}, 1),
    ],
)
def test_what_fits_has_no_misfit(schema: dict[str, Any], value: object) -> None:
    assert misfits(schema, value) == []


HOSTILE: dict[str, tuple[dict[str, Any], object]] = {
    "a pattern under a dialect of its own": ({"properties": {"x": {"$schema": DRAFT_7, "pattern": "^(a+)+$"}}}, "x"),
    "doubling references": ({"$defs": DOUBLING, "$ref": "#/$defs/d0"}, 1),
    "doubling, where evaluated keys are collected": (
        {"$defs": DOUBLING, "allOf": [{"$ref": "#/$defs/d0"}], "unevaluatedProperties": False},
        {"a": 1},
    ),
    "a reference to itself": ({"$ref": "#"}, 1),
    "look-around": ({"pattern": "(?=a)a*"}, "a" * 50),
    "a pattern with a thousand states": ({"pattern": "(a{0,900})b"}, "a" * 100_000),
    "a pattern too long to compile": ({"pattern": "a" * 2_000}, "a"),
    "names matched by such a pattern": ({"patternProperties": {"(a{0,900})b": {}}}, {"a" * 100_000: 1}),
    "a list held against a list": ({"items": {"enum": list(range(5_000))}}, list(range(5_000, 10_000))),
    "a value repeated in every message": (
        {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"items": {"$ref": "#/$defs/a"}}, {"type": "null"}] * 3}}},
        [[[["x" * 500_000]]]] * 4,
    ),
    "anchors looked up again and again": (
        {"$defs": {f"a{i}": {"$dynamicAnchor": f"y{i}"} for i in range(6_000)}, "items": {"$dynamicRef": "#y1"}},
        [1] * 5_000,
    ),
    "a remote reference": ({"$ref": "https://example.org/schema"}, 1),
    "more schema than anybody writes": ({"allOf": [{} for _ in range(30_000)]}, 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_end_within_their_work(name: str) -> None:
    schema, value = HOSTILE[name]
    if value == "x":
        value = {"x": "a" * 40 + "!"}
    with processor_time_below(MAX_CHECK_SECONDS + 1.5):  # the last step may be a long one
        try:
            found = misfits(schema, value, n_most=1)
        except UncheckableError:
            found = []
    assert name != "a pattern under a dialect of its own" or found[0].keyword == "pattern"


def test_a_pattern_in_a_foreign_dialect_is_run_by_the_linear_engine() -> None:
    schema = {"properties": {"x": {"$schema": DRAFT_7, "pattern": "(?<=a)b"}}}
    with pytest.raises(UncheckableError, match="linear time"):
        misfits(schema, {"x": "ab"})


@pytest.mark.parametrize("schema", [{"type": 5}, {"properties": {"a": {"type": "strin"}}}, {"required": "a"}])
def test_a_schema_that_is_none_is_told_apart(schema: dict[str, Any]) -> None:
    with pytest.raises(WrongSchemaError, match="the JSON schema is wrong at"):
        check_schema(schema)


@pytest.mark.slow
def test_checks_do_not_share_an_allowance() -> None:
    schema = {"items": {"type": "integer"}}
    for _ in range(20):
        assert misfits(schema, list(range(5_000))) == []
