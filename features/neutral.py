"""What a prompt says about nothing: sentences that only tell a model who it is and to answer well.

"You are a helpful assistant." stands in front of every kind of work and changes none. A system prompt of such
sentences, and such sentences at the beginning of a prompt, are left out of what is read of a step. A sentence is
neutral when hardly a word of it says more than that, the first one least of all, or when it is a short "You are ...";
anything else is information.
The words are English ones and the short openings of a few other languages: a neutral sentence that is not recognised is
read like any other, which costs caution and never boldness.
"""

import re
from functools import lru_cache

MAX_READ_CHARS = 8_000
"""Of a system prompt; a longer one is taken to say something."""

_LEAD_CHARS = 600
_MAX_SENTENCE_CHARS = 300
_MAX_PERSONA_WORDS, _MAX_PERSONA_NAMES = 16, 3
_MAX_UNSPACED_CHARS = 24
_MAX_SAYING_SHARE = 0.15

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PERSONA = re.compile(
    r"\s*(?:you are|you're|you’re|your name is|act as|eres|usted es|tu es|vous êtes|du bist|sie sind|sei un|você é)\b"
    r"|\s*(?:あなたは|你是|您是|당신은)",
    re.IGNORECASE,
)
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SAYING_NOTHING = frozenset(
    word
    for words in (
        "a an the this that these those i me my we our us you your you're they them their it its who which what",
        "am is are be been being do does can could may might will would should must have has had",
        "and or but not no if so than then when while as of in on at by for with from to into about up",
        "always never only also very more most much well best better good great any all every each both other",
        "helpful harmless honest assistant assistants ai artificial intelligence language model models large llm",
        "chatbot bot agent system expert professional world class highly skilled experienced smart intelligent",
        "knowledgeable useful capable advanced trustworthy careful accurate precise concise brief clear polite",
        "friendly kind thorough reliable truthful respectful safe detailed correct complete",
        "help helps assist assists answer answers answering respond responds response responses reply replies follow",
        "follows following instructions instruction user users question questions request requests query queries task",
        "tasks message messages provide provides give gives make sure ensure try please need needs want wants",
        "carefully accurately precisely concisely clearly briefly politely honestly truthfully correctly thoroughly",
        "fully closely possible given asked needed available ability knowledge cutoff current date time today now chat",
        "conversation trained designed built called named",
        "hello hi hey there dear greetings thanks thank grateful appreciate appreciated kindly lot advance",
        "monday tuesday wednesday thursday friday saturday sunday january february march april june july august",
        "september october november december",
    )
    for word in words.split()
)


@lru_cache(maxsize=256)
def says_something(prompt: str) -> bool:
    """Whether a system prompt holds a sentence that is not neutral."""
    if len(prompt) > MAX_READ_CHARS:
        return True
    return any(sentence and not is_neutral(sentence) for sentence in _SENTENCE_END.split(prompt))


def without_neutral_lead(text: str) -> str:
    """The text from its first sentence that says something; the text itself where none of the first ones does."""
    start = 0
    while start < _LEAD_CHARS and _may_be_neutral(text, start):
        end = _SENTENCE_END.search(text, start, start + _LEAD_CHARS)
        if end is None or not is_neutral(text[start : end.start()]):
            break
        start = end.end()
    return text[start:] if 0 < start < len(text) else text


def is_neutral(sentence: str) -> bool:
    """Whether a sentence leaves the work as it is.

    >>> is_neutral("You are a helpful assistant."), is_neutral("Translate what the user says into French.")
    (True, False)
    """
    if len(sentence) > _MAX_SENTENCE_CHARS or not _may_be_neutral(sentence, 0):
        return False
    persona = _PERSONA.match(sentence)
    words = _WORD.findall(sentence[persona.end() if persona else 0 :].lower().replace("’", "'"))
    n_saying = sum(word.removesuffix("'s") not in SAYING_NOTHING for word in words)
    if persona and len(words) <= _MAX_PERSONA_WORDS:
        return n_saying <= _MAX_PERSONA_NAMES and not _is_long_unspaced(sentence)
    return bool(words) and n_saying <= _MAX_SAYING_SHARE * len(words)


def _may_be_neutral(text: str, start: int) -> bool:
    """Told by the first word, which settles it for most prompts."""
    first = _WORD.search(text, start, start + _MAX_SENTENCE_CHARS)
    return first is not None and (first.group().lower() in SAYING_NOTHING or _PERSONA.match(text, start) is not None)


def _is_long_unspaced(sentence: str) -> bool:
    """In scripts without blanks between words, only a short sentence says no more than who is asked."""
    return len(sentence) > _MAX_UNSPACED_CHARS and _UNSPACED.search(sentence) is not None
