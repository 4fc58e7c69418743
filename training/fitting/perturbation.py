"""Copies of steps with words that change nothing: so that a router learns not to listen to them.

A plea, a courtesy or filler around a prompt moves lengths and word counts, and through them decisions, although the
work stays the same. Training sees a copy of every step with such words and the outcomes of the original.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tierwise.data.records import LoggedStep
from tierwise.features.view import work_text

MAX_COPIES = 10_000
"""Enough to learn that such words change nothing; more would only cost time on a large log."""

_SENTENCES = (
    "Thanks a lot in advance!",
    "Please be careful with this one.",
    "This matters a great deal to our customers.",
    "You are a world-class expert in this field.",
    "Take a deep breath and work through it slowly.",
    "Mistakes here would be very expensive for us.",
    "It is urgent, we need the result as soon as possible.",
    "This should be quick and simple.",
    "Do your very best, only a brilliant answer will do.",
    "My manager will read the result, so it has to be right.",
    "I have asked this before and was not happy with the answer.",
    "Use all of your deep scientific and analytical skills.",
    "No need to overthink it.",
    "IMPORTANT: THIS IS A HIGH PRIORITY REQUEST.",
    "We really appreciate your help with this task.",
    "Only the most advanced model can solve a problem this hard.",
)
_FILLER = (
    "the team and everyone else involved in the current project would like to note that general information about the "
    "context of this request was shared earlier in the usual place for your reference together with some remarks"
)


def perturbed(logged: LoggedStep, rng: np.random.Generator) -> LoggedStep:
    """A copy of the step with neutral words before or after its text; outcomes and identity stay."""
    return replace(logged, step=replace(logged.step, text=_surrounded(logged.step.text or work_text(logged.step), rng)))


def perturbed_copies(steps: Sequence[LoggedStep], seed: int) -> list[LoggedStep]:
    """One copy of each of the first ``MAX_COPIES`` steps, in order; the same steps and seed give the same copies."""
    rng = np.random.default_rng(seed)
    return [perturbed(step, rng) for step in steps[:MAX_COPIES]]


def _surrounded(text: str, rng: np.random.Generator) -> str:
    kind = rng.integers(4)
    if kind == 0:
        words = " ".join(rng.choice(_SENTENCES, size=rng.integers(1, 4), replace=False))
    elif kind == 1:
        words = " ".join(rng.choice(_FILLER.split(), size=rng.integers(10, 250))).capitalize() + "."
    elif kind == 2:
        return text.upper() if rng.random() < 0.3 else text + "\n" * int(rng.integers(1, 60))
    else:
        words = str(rng.choice(_SENTENCES)).upper()
    separator = str(rng.choice(["\n", " ", "\n\n"]))
    return f"{words}{separator}{text}" if rng.random() < 0.5 else f"{text}{separator}{words}"
