"""Foreign JSON: decoded as usual, refused before it costs anything."""

import pytest

from tierwise.data.foreign import ForeignError, TooLargeError
from tierwise.data.foreign.json_text import decode_json
from tierwise.data.foreign.shape import check_shape


def test_ordinary_json_is_decoded() -> None:
    assert decode_json('{"a": [1, 2.5, null, "x,[{"]}', 100) == {"a": [1, 2.5, None, "x,[{"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x" * 101, "longer than 100 bytes"),
        (b"[" + b"1," * 40 + b"1]", "more than 20 values"),
        (b"[" * 19 + b"]" * 19, "nested more than|nested too deep"),
    ],
)
def test_beyond_the_limits_nothing_is_decoded(content: bytes, message: str) -> None:
    with pytest.raises(TooLargeError, match=message):
        check_shape(decode_json(content, 100, max_values=20), max_depth=10)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"NaN", b'{"a": Infinity}', b"9" * 5_000])
def test_what_is_no_json_is_refused_without_quoting_it(content: bytes) -> None:
    with pytest.raises(ForeignError, match="is no JSON") as refused:
        decode_json(content, 10_000)
    assert "999" not in str(refused.value)


def test_nesting_beyond_what_python_can_recurse_into_is_refused() -> None:
    with pytest.raises(TooLargeError, match="nested"):
        decode_json(b"[" * 100_000, 1_000_000)


def test_a_cycle_is_too_deep() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(TooLargeError, match="100 levels"):
        check_shape(cycle)
