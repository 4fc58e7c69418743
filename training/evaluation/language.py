"""A guess at the language of a text, good enough to slice an evaluation by."""

import re
import unicodedata
from collections import Counter

_SAMPLE_LENGTH = 2_000
_MIN_LETTERS = 8
_COMMON_WORDS = {
    "English": "the and is of to in that for with what are this you it as which",
    "Spanish": "el la los las de que en un una para con por es como del su",
    "French": "le la les des et en un une pour avec est que dans du qui vous au",
    "German": "der die das und ist ein eine mit für von zu nicht den im auf sie",
    "Portuguese": "os as de que em um uma para com por não do da seu são",
    "Italian": "il lo gli di che in un una per con non del della sono",
}
_SCRIPTS = {
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "CJK": "Chinese",
    "HANGUL": "Korean",
    "CYRILLIC": "Cyrillic script",
    "ARABIC": "Arabic script",
    "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari script",
    "GREEK": "Greek",
    "THAI": "Thai",
}


def guess_language(text: str) -> str:
    """The language by script, and for Latin script by its commonest short words; ``unknown`` below eight letters.

    >>> guess_language("What is the name of the river that runs to the sea?")
    'English'
    >>> guess_language("川の名前は何ですか。教えてください。")
    'Japanese'
    """
    sample = text[:_SAMPLE_LENGTH]
    letters = [character for character in sample if character.isalpha()]
    if len(letters) < _MIN_LETTERS:
        return "unknown"
    scripts = Counter(_script(letter) for letter in letters)
    # Japanese mixes kanji with kana: a tenth of kana settles it.
    if scripts["Japanese"] * 10 >= len(letters):
        return "Japanese"
    script = scripts.most_common(1)[0][0]
    return _latin_language(sample) if script == "Latin" else script


def _script(letter: str) -> str:
    if letter.isascii():
        return "Latin"
    name = unicodedata.name(letter, "LATIN")
    return _SCRIPTS.get(name.split(" ", 1)[0].split("-", 1)[0], "Latin")


def _latin_language(text: str) -> str:
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    hits = {language: [words[word] for word in common.split()] for language, common in _COMMON_WORDS.items()}
    best = max(hits, key=lambda language: sum(hits[language]))
    # One word alone proves little: "de" and "la" stand in many languages and in names.
    return best if sum(hit > 0 for hit in hits[best]) >= 2 else "Latin script"
