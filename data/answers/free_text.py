"""Short free text in one spelling: case, spaces, quotes and punctuation between words do not count."""

import re
import unicodedata

_APOSTROPHES = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2212": "-"}
)
_SEPARATORS = re.compile(r"(?<!\d)[,_;]+|[,_;]+(?!\d)|(?<=[^\W\d])[-/](?=[^\W\d])|(?<=\w)[.!?\u3002](?=\s|$)")
_OPERATORS = re.compile(r"\s*([-+*/^=<>()|&,])\s*")
_TIMES = re.compile(r"(?<=\d)\*(?=[a-z(])")  # 3*x is 3x
_SPACES = re.compile(r"\s+")
_ASCII_PLAIN = re.compile(r"[a-z0-9 ]*")


def free_text(text: str) -> str:
    """What two free strings must have in common to be the same.

    >>> free_text("San Francisco, CA"), free_text("san  francisco CA."), free_text("x**2 + 1")
    ('san francisco ca', 'san francisco ca', 'x^2+1')
    """
    text = text.strip().casefold()
    if _ASCII_PLAIN.fullmatch(text):
        return _SPACES.sub(" ", text)
    text = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    text = text.strip("\"'` ").replace("**", "^").replace("'", "").replace('"', "")
    text = _SEPARATORS.sub(" ", text)
    text = _TIMES.sub("", _OPERATORS.sub(r"\1", text))
    return _SPACES.sub(" ", text).strip()


def exact_text(text: str) -> str:
    """What two texts must have in common where the form is the task: all but the spaces at the ends of lines."""
    lines = unicodedata.normalize("NFC", text).strip().splitlines()
    return "\n".join(line.rstrip() for line in lines)
