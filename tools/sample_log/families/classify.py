"""Classify a message into one label: plain schemes, many intents, and messages that name the wrong labels on
purpose.
"""

from __future__ import annotations

from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words
from tools.sample_log.families.texts.classify_texts import EXAMPLES, SCHEMES, Scheme


def templates() -> list[Template]:
    """A template per scheme; at difficulty 3 one per scheme and label, as each label needs its own
    reading.
    """
    found = []
    for level, schemes in SCHEMES.items():
        for name, scheme in schemes.items():
            if level < 3:
                found.append(_template(level, name, name, scheme, tuple(scheme)))
            else:
                found += [_template(level, f"{name}_{label}", name, scheme, (label,)) for label in scheme]
    return found


def _template(level: int, template: str, name: str, scheme: Scheme, drawn: tuple[str, ...]) -> Template:
    def make(rng: Random) -> Case:
        label = rng.choice(drawn)
        text = rng.choice(scheme[label]).format(
            product=rng.choice(words.PRODUCTS), name=rng.choice(words.FIRST), n=rng.randint(2, 60)
        )
        return Case(text, label, {"kind": "text", "expect": label})

    instruction = f"Classify the message as exactly one of: {', '.join(scheme)}. Reply with only the label."
    examples = tuple(Example(*pair) for pair in EXAMPLES[name])
    return Template("classify_message", "classify", level, template, instruction, examples, make, max_tokens=8)
