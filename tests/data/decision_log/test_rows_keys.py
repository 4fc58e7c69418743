"""Keys of the decision log: as long as both databases can index them, whatever characters they have."""

import pytest

from tierwise.data.decision_log.texts import MAX_KEY_BYTES, MAX_KEY_CHARS, storable_key


@pytest.mark.parametrize("char", ["a", "é", "漢", "👍"])
@pytest.mark.parametrize("n", [1, 255, 257, 511, 512, 513, 5_000])
def test_a_key_is_short_in_characters_and_in_bytes(char: str, n: int) -> None:
    key = storable_key(char * n)
    assert len(key) <= MAX_KEY_CHARS
    assert len(key.encode()) <= MAX_KEY_BYTES
    assert key == storable_key(char * n) != storable_key(char * (n + 1))


def test_short_keys_are_kept() -> None:
    assert storable_key("👍" * 256) == "👍" * 256
    assert storable_key("a" * 512) == "a" * 512
