"""The answers that a question offers: lettered options, and labels in its own words."""

import re
from collections.abc import Mapping, Sequence

from tierwise.data.answers.free_text import free_text
from tierwise.data.answers.wrapping import bare

_OPTION = re.compile(r"(?:^|(?<=[\s(]))\(?([A-J])[).:]\s+(?=\S)", re.MULTILINE)
_OPENING, _CLOSING = "\"\u201c\u201d\u300c\u00ab`'", "\"\u201c\u201d\u300d\u00bb`'"
_QUOTED = re.compile(f"[{_OPENING}]([^{_OPENING}{_CLOSING}\n]{{1,40}})[{_CLOSING}]")
_CUE = re.compile(
    r"\b(?:one of|only|either|choose|classify|labels?|options?|categor(?:y|ies)|class(?:es)?|word|between|answer|"
    r"respond|reply)\b"
    r"(?P<before>[^\n:.]{0,80}?)(?::\s*|\s+)(?P<list>[^\n.?!]{3,300})",
    re.IGNORECASE,
)
_ITEMS = re.compile(r"\s*(?:,|/|\||;|\bor\b|\band\b)\s*")
_BULLET = re.compile(
    r"^[^\S\n]*(?:[-*\u2022]|\d{1,2}[.)])[^\S\n]+`?\"?([\w][\w .-]{0,40}?)`?\"?[^\S\n]*(?:[:(\u2013-].*)?$",
    re.MULTILINE,
)  # within its line: what follows a label may begin as the next bullet does
_PAIRS = ((re.compile(r"\byes\b.{1,12}\bno\b", re.IGNORECASE), ("yes", "no")),
          (re.compile(r"\btrue\b.{1,12}\bfalse\b", re.IGNORECASE), ("true", "false")))  # fmt: skip
_LETTER = re.compile(r"\(?([A-Ja-j])\)?(?:[).:,]?\s*$|[).:]\s)")
_FINAL_LETTER = re.compile(
    r"(?:answer|choice|option)(?:\s+(?:is|would be|should be))?\s*[:=]?\s*(?:option\s+|choice\s+)?"
    r"[\"'(*\[{\s]{0,5}([A-J])(?![\w'])|\\boxed\{\(?([A-J])\)?\}",
    re.IGNORECASE,
)
_MAX_CHARS = 6_000
_MAX_ITEM_WORDS = 4


def lettered_options(prompt: str) -> Mapping[str, str]:
    """The options of the last question in the prompt, text by letter; empty where there are none."""
    prompt = prompt[-_MAX_CHARS:]
    run: list[re.Match[str]] = []
    best: list[re.Match[str]] = []
    for found in _OPTION.finditer(prompt):
        letter = found.group(1)
        if letter == "A":
            run = [found]
        elif run and ord(letter) == ord(run[-1].group(1)) + 1:
            run.append(found)
        if len(run) >= 2:
            best = list(run)
    ends = [following.start() for following in best[1:]] + [len(prompt)]
    return {
        found.group(1): prompt[found.end() : end].split("\n")[0].strip() for found, end in zip(best, ends, strict=False)
    }


def chosen_letter(text: str, options: Mapping[str, str]) -> str | None:
    """The letter that an answer chooses: alone, before its text, in a final sentence, or by the option's own text."""
    short = bare(text)
    found = _LETTER.match(short)
    if found and found.group(1).upper() in options:
        return found.group(1).upper()
    spelled = free_text(short) if len(short) <= 400 else ""
    by_text = [letter for letter, option in options.items() if option and free_text(option) == spelled]
    if len(by_text) == 1:
        return by_text[0]
    final = list(_FINAL_LETTER.finditer(text[-2_000:]))
    letter = (final[-1].group(1) or final[-1].group(2)).upper() if final else None
    return letter if letter in options else None


def offered_labels(prompt: str) -> tuple[str, ...]:
    """The labels that a prompt offers to choose from; empty where it offers none that can be told."""
    prompt = (
        prompt[:_MAX_CHARS] if len(prompt) <= _MAX_CHARS else prompt[: _MAX_CHARS // 2] + prompt[-_MAX_CHARS // 2 :]
    )
    for find in (_listed, _bulleted, _quoted):
        labels = tuple(label for label in find(prompt) if any(map(str.isalpha, label)))
        if len(labels) >= 2:
            return labels
    return next((labels for pattern, labels in _PAIRS if pattern.search(prompt)), ())


def chosen_label(text: str, labels: Sequence[str]) -> str | None:
    """The label that a short answer gives; None where it gives none, or more than one."""
    by_text = {free_text(label): label for label in labels}
    short = free_text(bare(text)) if len(text) <= 400 else ""
    if short in by_text:
        return short
    words = f" {short} "
    named = {label for label in by_text if label and f" {label} " in words}
    longest = {label for label in named if not any(label != other and f" {label} " in f" {other} " for other in named)}
    return longest.pop() if len(longest) == 1 and len(short.split()) <= 12 else None


def _listed(prompt: str) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for found in _CUE.finditer(prompt):
        items = [item.strip(" \"'`()[]") for item in _ITEMS.split(found.group("list"))]
        items = [item for item in items if item]
        if len(items) >= 2 and all(len(item.split()) <= _MAX_ITEM_WORDS for item in items[1:]):
            n_words = max(
                len(item.split()) for item in items[1:]
            )  # "the sentiment as positive, negative": the last word
            best = tuple(dict.fromkeys([" ".join(items[0].split()[-n_words:]), *items[1:]]))
    return best


def _bulleted(prompt: str) -> tuple[str, ...]:
    if not re.search(r"\b(?:only|which|choose|pick|select|one of|classify)\b", prompt, re.IGNORECASE):
        return ()
    return tuple(dict.fromkeys(found.group(1).strip() for found in _BULLET.finditer(prompt)))


def _quoted(prompt: str) -> tuple[str, ...]:
    """Quoted alternatives that follow each other closely."""
    run: list[str] = []
    end = -100
    for found in _QUOTED.finditer(prompt):
        if found.start() - end > 12:
            if len(run) >= 2:
                break
            run = []
        run.append(found.group(1).strip(" ."))
        end = found.end()
    return tuple(dict.fromkeys(run)) if len(run) >= 2 else ()
