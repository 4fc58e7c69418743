"""What is asked: steps of a given length, as HTTP/1.1 requests ready to be sent."""

import json
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from random import Random

_SENTENCE = """extract the invoice total from this message and return it as JSON with currency amount date please check
every line before you answer because a wrong number will be paid and nobody reads it again until the end of the year"""
_WORDS = _SENTENCE.split()
_N_FRAMES = 64
_WORDS_PER_TOKEN = 0.87  # of the static encoder's tokenizer on these words, with the numbers that make texts differ


@dataclass(frozen=True, slots=True)
class Size:
    """A length of text: ``n_words`` words, cut to ``n_chars`` characters where that is given."""

    name: str
    n_words: int
    n_chars: int | None = None


SIZES = (
    Size("16 tokens", round(16 * _WORDS_PER_TOKEN)),
    Size("64 tokens", round(64 * _WORDS_PER_TOKEN)),
    Size("256 tokens", round(256 * _WORDS_PER_TOKEN)),
    Size("30,000 characters", 7_000, 30_000),
)


def text_of(size: Size, number: int) -> str:
    """A text of that length; another ``number`` is another text."""
    head, tail = _frame(size, number % _N_FRAMES)
    return f"{head} {number} {tail}"[: size.n_chars]


@cache
def _frame(size: Size, seed: int) -> tuple[str, str]:
    """The words around the number: those who ask must not take longer for it than those who answer."""
    words = list(islice(cycle(_WORDS), size.n_words))
    Random(seed).shuffle(words)
    middle = len(words) // 2
    return " ".join(words[:middle]), " ".join(words[middle + 1 :])


def step_of(size: Size, number: int) -> dict[str, object]:
    """A step as an agent logs it."""
    return {
        "text": text_of(size, number),
        "task_type": "extract",
        "input_complexity": 4,
        "requires_judgment": False,
        "input_tokens": 64,
        "step_index": 3,
        "agent": "billing",
        "node": "read",
    }


def route_body(size: Size, number: int) -> bytes:
    return json.dumps({"step": step_of(size, number), "task_id": f"t-{number}"}).encode()


def post(path: str, body: bytes) -> bytes:
    """The bytes of a POST on a connection that stays open."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()
