"""What the walk's callers ask: steps of an agent that extracts, formats, looks up and now and then reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.collect import Completion, ModelInfo
from tools.sample_log.generate import generate

REFERENCE = "reference-solver (simulated)"
ROUTINE = ("extract_json", "norm_date", "pick_tool", "sql", "csv_row")
DEMANDING = (("word_problem", 2), ("word_problem", 3), ("decide_rule", 1), ("decide_rule", 2))
KINDS = (*((family, difficulty) for family in ROUTINE for difficulty in (1, 2)), *DEMANDING)
SEED = 12  # the sample log was made with 11
CHARACTERS_PER_TOKEN = 3.6


@dataclass(frozen=True, slots=True)
class Ask:
    """One call as its caller makes it; ``answer`` is the reference answer, ``verify`` says how to judge any other."""

    prompt: str
    answer: str
    task_type: str | None = None
    max_tokens: int = 64
    verify: Mapping[str, Any] = field(default_factory=dict)


def walk_asks(n_asks: int, seed: int = SEED) -> list[Ask]:
    """``n_asks`` different steps of the sample's generator, in its order of time: ten kinds of routine work and four
    that demand more.

    Raises ``ValueError`` where a generator of such size does not give as many.
    """
    per_level = max(1, -(-n_asks * 5 // (len(KINDS) * 4)))
    records = (r for r in generate(seed, per_level) if (r["family"], r["difficulty"]) in KINDS)
    found = {record["step"]["text"]: _ask(record) for record in records}
    if len(found) < n_asks:
        raise ValueError(f"{n_asks} steps are asked for, the generator gives {len(found)}; ask for fewer")
    return list(found.values())[:n_asks]


class ReferenceSolver:
    """A ``Backend`` that is no model: the top tier of the walk answers what the generator knows to be right."""

    info = ModelInfo(REFERENCE, "0" * 64, "reference")

    def __init__(self, asks: Sequence[Ask]) -> None:
        self._answers = {ask.prompt: ask.answer for ask in asks}

    def complete(self, text: str, max_tokens: int) -> Completion:
        """The reference answer; ``max_tokens`` never cuts it."""
        del max_tokens
        answer = self._answers.get(text, "I do not know.")
        return Completion(answer, _tokens(text), _tokens(answer), 0)


def _ask(record: Mapping[str, Any]) -> Ask:
    step = record["step"]
    return Ask(step["text"], record["gold"], step["task_type"], record["max_tokens"], record["verify"])


def _tokens(text: str) -> int:
    return max(1, round(len(text) / CHARACTERS_PER_TOKEN))
