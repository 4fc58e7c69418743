"""Wording: the same request with other labels, courtesies and marks reads the same; what is asked stays."""

import pytest

from tierwise.features.wording import plain_wording

ASKED = "Choose the queue for the ticket\n- roads\n- parks\nExample task: My bin\nExample answer: waste\nTask: No water"


@pytest.mark.parametrize(
    "text",
    [
        ASKED,
        ASKED.replace("Example task", "Sample input").replace("Example answer", "sample output"),
        ASKED.replace("\nTask:", "\n**Question:**"),
        ASKED.replace("\nTask:", "\nInput:\n".rstrip("\n")),
        ASKED.replace("\n- ", "\n* ").replace("bin\n", "bin.\n"),
        ASKED.replace("ticket\n", "ticket:\n") + ".",
        f"Hello! I would be grateful for your help.\n{ASKED}\nThanks a lot in advance!",
        f"Could you please choose{ASKED[6:]}",
        f"Please {ASKED}\nThank you very much!",
        f"```text\n{ASKED}\n```",
        f'"{ASKED}"',
        f"Request: {ASKED}",
    ],
)
def test_wording_that_says_the_same_reads_the_same(text: str) -> None:
    assert plain_wording(text) == ASKED


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Rules: (1) a (2) b", "Rules: 1) a 2) b"),
        ("Rules\n1) a\n(2) b\n3. c", "Rules\n1. a\n2. b\n3. c"),
        ("Pick\n(A) x\nB. y\nC: z", "Pick\nA) x\nB) y\nC) z"),
        ("It can't fly and what's more, it won't", "It cannot fly and what is more, it will not"),
        ("“Fine” – he said", '"Fine" - he said'),
    ],
)
def test_marks_and_short_forms_have_one_form(text: str, read: str) -> None:
    assert plain_wording(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "Thanks",
        "Please",
        '"a" and "b"',
        "Total: 12.50\nDue: soon",
        "Translate\nthanks to Ann for the report",
        "The bin's lid is its own",
        "def f(a)\n return a[1]",
        "",
    ],
)
def test_what_is_asked_stays(text: str) -> None:
    assert plain_wording(text) == text


def test_a_long_text_of_marks_takes_time_in_proportion() -> None:
    for mark in ("\n* ", "(1) ", "Task: ", "'s ", "```\n", '"'):
        found = plain_wording(f"Begin {mark * 3_000} end")
        assert found.endswith("end")
