"""RESULTS.md: what was measured, part by part."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from benchmarks.decisions.pages import (
    render,
    render_cascades,
    render_forms,
    render_guarantee,
    render_modes,
    render_parts,
    render_questions,
)
from benchmarks.decisions.promise import answer_walk

_INTRODUCTION = """# How well the router decides

Written by `make bench-decisions`; every figure stands in `results/` as JSON. Steps are split into folds by `group`,
every contestant learns from the same training steps and decides the same test steps. Nobody's data is kept here.

- **Skill**: area under the cost-quality curve (cost scaled from the cheapest to the top tier, success likewise) minus
  that of the best mix of fixed tiers. 0 means no better than mixing tiers at random.
- **Loss, saving**: success lost and cost saved against always using the top tier, at the operating point for a loss of
  3 %. It is chosen without the test steps: Tierwise uses its own certified point, other learners the one that the same
  test certifies on inner folds of their training steps (confidence 90 %). Heuristics know no tolerated loss.
- **Worst ECE**: expected calibration error of the worst tier, in brackets what perfect probabilities would show there
  by chance, with as many steps.
- [ ] are 95 % intervals of a bootstrap by group; differences are paired.

A part holds for the router of the day that it names. Before 30 November 2026 savings were chosen in dollars and
promised for the whole of a log alone: such a part shows more saving than the router of today, which is measured under
*Each part*.
"""

MEASURED = "measured"
"""Beside the parts: the day on which each was measured."""

SECTIONS: dict[str, Callable[[Any], list[str]]] = {
    "contest": render.contest_page,
    "sources": render_modes.sources_page,
    "learning_curves": render_modes.learning_curves_page,
    "guarantee": render_guarantee.guarantee_page,
    "answer_worlds": answer_walk.answers_page,
    "dear": render_parts.dear_page,
    "parts": render_parts.parts_page,
    "escalating": render_parts.escalating_page,
    "off_policy": render_modes.off_policy_page,
    "stability": render_modes.stability_page,
    "attacks": render_modes.attacks_page,
    "cascades": render_cascades.cascades_page,
    "sample_answers": render_cascades.sample_answers_page,
    "resampled": render_cascades.resampled_page,
    "forms": render_forms.forms_page,
    "paraphrases": render_questions.paraphrases_page,
    "twin": render_forms.twin_page,
    "weak": render_questions.weak_page,
}


def results_page(sections: Mapping[str, Any]) -> str:
    """The page from the parts that were measured."""
    parts, days = [_INTRODUCTION], sections.get(MEASURED, {})
    for name, lines_of in SECTIONS.items():
        if name in sections:
            heading, *lines = lines_of(sections[name])
            parts += ["\n".join([heading, *_on(days.get(name)), *lines]), ""]
    return "\n".join(parts)


def _on(day: str | None) -> list[str]:
    if day is None:
        return []
    measured = date.fromisoformat(day)
    return ["", f"Measured on {measured.day} {measured:%B %Y}."]
