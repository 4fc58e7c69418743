"""Numbers in plain digits, as long as anybody would write them."""

import pytest

from tierwise.data.answers.numbers import number_text


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1,200.50", "1200.5"),
        ("-0.0", "0"),
        ("0e99", "0"),
        ("1e79", "1" + "0" * 79),
        ("1e80", None),
        ("1e-79", "0." + "0" * 78 + "1"),
        ("1e-80", None),
        ("1e999999999", None),
    ],
)
def test_a_number_has_plain_digits_or_none(text: str, digits: str | None) -> None:
    assert number_text(text) == digits
