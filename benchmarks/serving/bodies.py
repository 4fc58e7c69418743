"""What is asked: steps of a given length, as HTTP/1.1 requests ready to be sent.

They are made of steps of the sample log, which the router learned from: a whole step of about 64 tokens, its beginning,
or it and those that follow; a number in the middle makes each a step that was never seen. Texts of other lengths are
mostly unfamiliar to the router, which then compares them with all logged steps and not with a few hundred.
"""

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import chain, cycle, islice
from typing import Any

from tierwise.data.samples import sample_log_path

_N_FRAMES = 64
_WORDS_PER_TOKEN = 0.62  # of the static encoder's tokenizer on the sample log
_WORD = re.compile(r"\s*\S+")


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
    return f"{head} {number}{tail}"[: size.n_chars]


def step_of(size: Size, number: int) -> dict[str, Any]:
    """A step as an agent logs it."""
    return _sample_steps()[number % _N_FRAMES] | {"text": text_of(size, number)}


@cache
def _frame(size: Size, place: int) -> tuple[str, str]:
    """The words around the number, made once: those who ask must not take longer for it than those who answer."""
    steps = _sample_steps()
    texts = (f"\n\n{step['text']}" for step in cycle(steps[place:] + steps[:place]))
    words = list(islice(chain.from_iterable(map(_WORD.findall, texts)), size.n_words))
    middle = len(words) // 2
    return "".join(words[:middle]).lstrip(), "".join(words[middle + 1 :])


@cache
def _sample_steps() -> list[dict[str, Any]]:
    """``_N_FRAMES`` steps from all over the sample log with texts of about 64 tokens."""
    with gzip.open(sample_log_path(), "rt", encoding="utf-8") as lines:
        steps = [json.loads(line)["step"] for line in lines]
    usual = [step for step in steps if abs(len(step["text"].split()) - SIZES[1].n_words) <= 6]
    return usual[:: len(usual) // _N_FRAMES][:_N_FRAMES]


def route_body(size: Size, number: int) -> bytes:
    return json.dumps({"step": step_of(size, number), "task_id": f"t-{number}"}).encode()


def post(path: str, body: bytes) -> bytes:
    """The bytes of a POST on a connection that stays open."""
    kind = f"content-type: application/json\r\ncontent-length: {len(body)}"
    return f"POST {path} HTTP/1.1\r\nhost: localhost\r\n{kind}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
