"""Every family at every difficulty: the reference answer passes, other answers do not, and the seed decides all."""

from __future__ import annotations

from collections import Counter

import pytest

from tierwise.data.samples.verifiers import verify_many
from tools.sample_log.families import Draft, all_templates, drafts

SEED = 3
N_PER_LEVEL = 8
LEVELS = sorted({(template.family, template.difficulty) for template in all_templates()})
JUNK = ("", "   \n", "I am sorry, I cannot do that.", "{}", "```\n```", "-1")


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, int], list[Draft]]:
    by_level: dict[tuple[str, int], list[Draft]] = {}
    for draft in drafts(SEED, N_PER_LEVEL):
        by_level.setdefault((draft.family, draft.difficulty), []).append(draft)
    return by_level


def test_every_family_has_three_difficulties() -> None:
    families = {family for family, _ in LEVELS}
    assert len(families) >= 20
    assert sorted((family, level) for family in families for level in (1, 2, 3)) == LEVELS


def test_template_ids_are_unique() -> None:
    counts = Counter(template.template_id for template in all_templates())
    assert counts.most_common(1)[0][1] == 1


@pytest.mark.parametrize("family", ["code_func", "regex", "sql", "classify_message"])
def test_families_that_need_variety_have_at_least_six_templates_a_level(family: str) -> None:
    counts = Counter(template.difficulty for template in all_templates() if template.family == family)
    assert min(counts[level] for level in (1, 2, 3)) >= 6


@pytest.mark.parametrize(("family", "level"), LEVELS)
def test_the_reference_answer_passes_and_junk_fails(
    made: dict[tuple[str, int], list[Draft]], family: str, level: int
) -> None:
    steps = made[family, level]
    assert len(steps) >= 4
    assert all(verify_many([(step.verify, step.gold) for step in steps]))
    assert not any(verify_many([(step.verify, junk) for step in steps for junk in JUNK]))


def test_the_answer_to_another_step_of_the_template_fails(made: dict[tuple[str, int], list[Draft]]) -> None:
    """Not for code and queries, where different texts may do the same."""
    pairs = [
        (one.verify, other.gold)
        for steps in made.values()
        for one in steps
        for other in steps
        if one.template_id == other.template_id and one.gold != other.gold
        if one.family not in ("code_func", "sql", "regex", "plan_order")
    ]
    assert len(pairs) > 300
    assert not any(verify_many(pairs))


def test_the_same_seed_makes_the_same_drafts_and_another_seed_others() -> None:
    assert drafts(SEED, 3) == drafts(SEED, 3)
    assert drafts(SEED, 3) != drafts(SEED + 1, 3)


def test_asking_for_more_drafts_keeps_those_there_were() -> None:
    few, many = drafts(SEED, 2), drafts(SEED, 5)
    assert {draft.text for draft in few} <= {draft.text for draft in many}


def test_prompts_are_distinct_and_end_with_the_task() -> None:
    made = drafts(SEED, 10)
    assert len({draft.text for draft in made}) == len(made)
    assert all("Task: " in draft.text for draft in made)


def test_tool_steps_carry_schemas_and_offer_the_right_tool(made: dict[tuple[str, int], list[Draft]]) -> None:
    for level in (1, 2, 3):
        for step in made["tool_call", level]:
            offered = {tool["name"]: tool["parameters"]["properties"] for tool in step.tools}
            assert set(offered[step.verify["tool"]]) == set(step.verify["args"])
