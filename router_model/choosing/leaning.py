"""How a step leans where the policy is in doubt.

Steps that look alike to the predictor get the same score, and would leave the top tier all at once, at another cost
weight in each fit: the saving of what serves would jump about the certified one. So the cost weight of a step is
spread around that of its operating point, by a factor that only its text decides. Near a tie some of the steps that
look alike leave the top tier and some stay; the share that leaves moves smoothly, and what is certified on held-out
steps carries over. The factor knows nothing of outcomes, and the same step always gets the same one.
"""

import math
import re
from functools import lru_cache
from hashlib import blake2b

NO_SPREAD = 0.0

_READ_CHARS, _LAST_CHARS, _MIN_LAST_CHARS = 500, 250, 12
"""Read for numbers, and of the last line for words: most prompts end with what is new in them, behind instructions
that many share."""
_MARKS = ".,;:!?()[]{}<>\"'`*-=/"
_MIN_WORD_CHARS = 4
_DIGIT = re.compile(r"\d")
_WORDS_TURN = 0.3  # what the words add where numbers tell steps apart
_TO_NORMAL = math.sqrt(1.5)  # a sum of numbers that are uniform in [-1, 1) has a third of their count as its variance
_BELOW_ONE = math.nextafter(1.0, 0.0)


def leaning(text: str) -> float:
    """A number in [-1, 1), the same for the same text and as if drawn over different ones.

    It comes from what the end of a text speaks of, not from how it says so: the words in it that hold a digit, all
    together, and beside them the longer words of its last line, each for itself, so that the same request in some
    other words leans nearly alike.
    """
    read = text[-_READ_CHARS:].lower()
    start = read.rfind("\n", 0, -_MIN_LAST_CHARS) + 1
    words = {word.strip(_MARKS) for word in read[max(start, len(read) - _LAST_CHARS) :].split()}
    words = {word for word in words if len(word) >= _MIN_WORD_CHARS and word.isalpha()}
    numbers = sorted({word.strip(_MARKS) for word in read.split() if not word.isalpha() and _DIGIT.search(word)})
    if not words and not numbers:
        return _drawn(text)
    of_words = math.fsum(map(_drawn_once, words)) / math.sqrt(len(words)) if words else 0.0
    if not numbers:
        return min(math.erf(of_words * _TO_NORMAL), _BELOW_ONE)
    turned = _drawn(" ".join(numbers)) + _WORDS_TURN * of_words  # on a circle, which keeps it uniform
    return (turned + 1.0) % 2.0 - 1.0


def _drawn(text: str) -> float:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**63 - 1.0


_drawn_once = lru_cache(maxsize=4096)(_drawn)  # words recur, whole texts do not


def weight_factor(lean: float, spread: float) -> float:
    """What the cost weight of a step that leans by ``lean`` is multiplied with: between ``exp(-spread)`` and
    ``exp(spread)``."""
    return math.exp(spread * lean)
