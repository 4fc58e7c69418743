"""The quick look for errors in a stream overlooks none that the thorough one would find."""

import json

import pytest

from tierwise.agents.upstreams.transport import MAY_TELL_OF_ERROR
from tierwise.data.replies.errors import find_error
from tierwise.data.replies.finish import _WORDS, ERROR


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"message": "x"}},
        {"object": "error", "message": "x"},
        {"type": "error"},
        *({"choices": [{"finish_reason": word}]} for word in _WORDS[ERROR]),
        *({"choices": [{"finish_reason": word.upper()}]} for word in _WORDS[ERROR]),
    ],
)
def test_whatever_tells_of_an_error_is_looked_at(event: object) -> None:
    assert find_error(event) is not None
    assert MAY_TELL_OF_ERROR(json.dumps(event).encode()) is not None


def test_what_is_usual_is_not() -> None:
    assert MAY_TELL_OF_ERROR(b'{"choices":[{"delta":{"content":"word "},"finish_reason":null}]}') is None
