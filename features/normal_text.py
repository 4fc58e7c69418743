"""The normal form of a text: what two ways to write the same words have in common.

Composed characters (Unicode NFC), ``\\n`` as the only line end, one blank between words, no blank lines and no blanks
at either end of a line. A prompt joined from parts, pretty-printed or copied through another editor reads the same.
Replacing is done by the interpreter's own search, which costs a long text microseconds.
"""

import re
import unicodedata

from tierwise.features.encoders.truncate import sanitise

_LINE_ENDS = ("\r\n", "\r", "\x0b", "\x0c")
_FOREIGN_LINE_ENDS = ("\u0085", "\u2028", "\u2029")
_FOREIGN_BLANKS = ("\u00a0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f", "\u3000")
_INVISIBLE = ("\u200b", "\u2060", "\ufeff", "\u00ad")


def normal_text(text: str) -> str:
    """The normal form; always encodable as UTF-8.

    >>> normal_text("  Total:\\t 12 \\r\\n\\r\\n Due: soon")
    'Total: 12\\nDue: soon'
    """
    if not text.isascii():
        text = _composed(text)
    for end in _LINE_ENDS:
        if end in text:
            text = text.replace(end, "\n")
    if "\t" in text:
        text = text.replace("\t", " ")
    text = _once(text, " ")
    if "\n" in text:
        text = _once(text.replace(" \n", "\n").replace("\n ", "\n"), "\n")
    return text.strip(" \n")


_OPENED = re.compile(r"<([A-Za-z][\w.:-]{0,39})>")
_MAX_PAIRS = 3


def without_enclosing_tags(text: str) -> str:
    """A text in normal form without the tags that stand around all of it; tags around a part of it stay.

    >>> without_enclosing_tags("<task>\\nExtract the total.\\n</task>")
    'Extract the total.'
    """
    for _ in range(_MAX_PAIRS):
        opened = _OPENED.match(text)
        closing = opened and f"</{opened[1]}>"
        if opened is None or closing is None or not text.endswith(closing) or text.count(closing) != 1:
            break
        inner = text[opened.end() : -len(closing)].strip(" \n")
        if not inner:
            break
        text = inner
    return text


def _composed(text: str) -> str:
    text = sanitise(text)
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    for found, wanted in ((_FOREIGN_LINE_ENDS, "\n"), (_FOREIGN_BLANKS, " "), (_INVISIBLE, "")):
        for char in found:
            if char in text:
                text = text.replace(char, wanted)
    return text


def _once(text: str, char: str) -> str:
    """Runs of ``char`` as one; a run of a thousand takes ten passes."""
    twice = char * 2
    while twice in text:
        text = text.replace(twice, char)
    return text
