"""The router card: what a bundle was learned from, what it promises, and what it was not tested on, for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.sensitive.text import redact_name
from tierwise.features.structural import FORM_NAMES
from tierwise.router_model.accepting.course_menu import CourseMenu, course_at
from tierwise.router_model.choosing.operating_point import OperatingPoint, point_at
from tierwise.router_model.choosing.policy import Policy

CARD_FILE = "card.md"
_MOST_NAMES = 12
_ASKED = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
_LOSSES = {
    "success": "of the top tier's successes, at most so many are lost",
    "same-answer": "answers that differ from the top tier's, at most",
}


def router_card(
    catalogue: TierCatalogue,
    policy: Policy,
    vocabularies: Mapping[str, Sequence[str]],
    varied: Iterable[str],
    menu: CourseMenu | None,
    manifest: Mapping[str, Any],
) -> str:
    """Markdown. The same bundle has the same card: no time, no place, no address; names stand without their secrets.

    ``vocabularies`` are the identities with columns of their own, ``varied`` the columns that differed among the steps
    of the log, ``manifest`` what training adds to the manifest of the bundle.
    """
    found: Mapping[str, Any] = manifest.get("training", {})
    sections = (
        ["# Router card", "", "Picks the cheapest tier that will do a step of an agent well, as far as its log tells."],
        ["## Tiers, cheapest first", "", *_tiers(catalogue)],
        ["## Learned from", "", *_data(found, vocabularies, manifest)],
        ["## Promised", "", *_promise(policy, catalogue)],
        ["## By part", "", *_parts(policy)],
        ["## Courses", "", *_courses(menu, policy, catalogue)],
        ["## Not tested on", "", *_untested(found, policy, menu, varied)],
        ["## Trained by", "", *_trained_by(found)],
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _tiers(catalogue: TierCatalogue) -> list[str]:
    return [
        f"- {redact_name(tier.name)}: {', '.join(redact_name(model.name) for model in tier.models) or 'no model named'}"
        for tier in catalogue.tiers
    ]


def _data(
    found: Mapping[str, Any], vocabularies: Mapping[str, Sequence[str]], manifest: Mapping[str, Any]
) -> list[str]:
    n_steps = found.get("n_steps")
    if n_steps is None:
        return ["- Nobody said."]
    lines = [
        (
            f"- {_count(n_steps, 'step')} of {_count(found.get('n_tasks', 0), 'task')}; every tier is known of "
            f"{found.get('n_complete', 0)}, a simulated attempt is among those of {found.get('n_simulated', 0)}."
        ),
        f"- What an attempt is for: {redact_name(str(found.get('target', 'success')))}.",
    ]
    if found.get("n_known_steps"):
        lines.append(f"- They were drawn from {found['n_known_steps']} with a known outcome.")
    if found.get("n_weak"):
        lines.append(f"- Of {found['n_weak']} only the end of their task is known; they taught, and certify nothing.")
    if found.get("n_assumed_labels"):
        lines.append(f"- Of {found['n_assumed_labels']} a dearer tier is taken to be enough because a cheaper one was.")
    lines += [
        f"- {field}: {_names(vocabularies[field])}"
        for field in ("task_type", "agent", "node")
        if vocabularies.get(field)
    ]
    return [*lines, f"- Fingerprint of the data: `{str(manifest.get('data_fingerprint', 'none'))[:12]}`."]


def _promise(policy: Policy, catalogue: TierCatalogue) -> list[str]:
    top = redact_name(catalogue.tiers[-1].name)
    rows = [f"| {asked:.0%} | {_held_out(policy.certified(asked))} |" for asked in _ASKED]
    return [
        (
            f"Compared with {top} alone, {_LOSSES.get(policy.target, _LOSSES['success'])}; with a confidence of "
            f"{policy.confidence:.0%}, on {_count(policy.n_tasks, 'task')} that count as {policy.n_effective:.0f} of "
            f"equal size. Unless a request says otherwise: {policy.default_max_quality_loss:.0%}."
        ),
        "",
        "| asked | lost on held-out steps | bound | saved, step by step |",
        "|---|---|---|---|",
        *rows,
    ]


def _held_out(point: OperatingPoint) -> str:
    if point.cost_weight is None:
        return "nothing is certified: every step stays with the top tier | | 0%"
    return f"{point.loss:.1%} | {point.loss_upper:.1%} | {point.saving:.0%}"


def _parts(policy: Policy) -> list[str]:
    if not policy.parts:
        return [f"The log is certified as a whole. {_sentence(policy.missing)}".strip()]
    asked = policy.default_max_quality_loss
    rows = []
    for part in policy.parts:
        point = point_at(part.points, asked)
        held = "stays with the top tier" if point.cost_weight is None else f"{point.saving:.0%} saved"
        missing = redact_name(part.missing)
        rows.append(f"| {_names(part.values) or 'all'} | {part.n_steps} | {part.n_tasks} | {held} | {missing} |")
    return [
        (
            f"By {redact_name(policy.part_field or 'nothing')}, at {asked:.0%}; steps of other values stay with "
            "the top tier."
        ),
        "",
        "| part | steps | tasks | certified | missing |",
        "|---|---|---|---|---|",
        *rows,
    ]


def _courses(menu: CourseMenu | None, policy: Policy, catalogue: TierCatalogue) -> list[str]:
    if menu is None:
        return ["None: the log holds no answers to learn from, so no answer is ever judged."]
    asked = policy.default_max_quality_loss
    offers = [(_names(part.values), part.courses) for part in menu.parts] or [("all", menu.whole)]
    lines = []
    for name, courses in [*offers, ("steps unlike all of these", menu.unfamiliar)]:
        course = course_at(courses, asked)
        if course is not None:
            tiers = " and ".join(redact_name(catalogue.tiers[tier].name) for tier in course.tiers)
            lines.append(f"- {name}: ask {tiers}, accept by {course.accept}; {course.saving:.0%} saved")
    return lines or [f"None is certified at {asked:.0%} that saves more than a single tier."]


def _untested(found: Mapping[str, Any], policy: Policy, menu: CourseMenu | None, varied: Iterable[str]) -> list[str]:
    lines = [
        (
            "- Steps that came after its log: held-out steps are other tasks of the same time. Drift is watched "
            "where it serves."
        ),
        "- Steps unlike all of its log: they are told apart and stay with the top tier, or with a course named above.",
    ]
    if not set(varied) & set(FORM_NAMES):
        lines.append("- Other forms of a step: all steps of its log came in one form (a text, or a message).")
    if found.get("n_simulated"):
        lines.append(f"- Real answers of {found['n_simulated']} steps: an attempt of each is simulated.")
    if found.get("n_steps", 0) > found.get("n_complete", 0):
        lines.append("- Every tier on every step: what was not tried is estimated, and the bound counts that.")
    if not policy.cascades:
        lines.append("- Going up after a failure that a verifier catches: no start is certified for it.")
    if menu is None:
        lines.append("- Judging answers.")
    return lines


def _trained_by(found: Mapping[str, Any]) -> list[str]:
    who = redact_name(str(found.get("trained_by") or "")) or "nobody said (`trained_by` in train.toml)"
    return [
        f"- Who: {who}",
        (
            f"- What: Tierwise {found.get('tierwise', 'of an unknown version')}, seed {found.get('seed', 'unknown')}, "
            f"{found.get('n_rounds', 'an unknown number of')} trees."
        ),
    ]


def _names(values: Sequence[str]) -> str:
    told = [redact_name(value).replace("|", "/").replace("\n", " ") for value in values[:_MOST_NAMES]]
    more = len(values) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _sentence(text: str) -> str:
    return f"{redact_name(text[:1].upper() + text[1:])}." if text else ""


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
