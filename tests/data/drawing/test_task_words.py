"""How whole tasks ended, as attempts carry it."""

from dataclasses import replace

from tierwise.data.drawing.task_words import RanStep, ran_last, task_success, without_mere_words
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step

RAN = Attempt("small", success=None, cost_usd=0.1, output_tokens=5)
WORD = Attempt("small", task_success=False, evaluator="tests")


def test_a_report_of_the_tasks_end_alone_is_no_attempt() -> None:
    dearer = replace(RAN, tier="mid", success=True)
    for order in ((RAN, dearer, WORD), (WORD, RAN, dearer)):
        assert without_mere_words(order) == (RAN, replace(dearer, task_success=False))
    assert without_mere_words((RAN, dearer)) == (RAN, dearer)


def test_where_no_attempt_was_reported_the_word_names_the_tier_that_ran() -> None:
    assert without_mere_words((WORD,)) == (WORD,)
    assert without_mere_words(()) == ()


def test_of_several_words_a_failure_counts() -> None:
    good = replace(WORD, task_success=True)
    assert without_mere_words((RAN, good, WORD))[0].task_success is False
    assert without_mere_words((RAN, good))[0].task_success is True
    assert task_success(LoggedStep("s", Step("x"), (good, WORD))) is False
    assert task_success(LoggedStep("s", Step("x"), (RAN,))) is None


def test_what_ran_last_is_the_last_attempt_or_what_was_decided() -> None:
    step = LoggedStep("s", Step("x"), decision=LoggedDecision("d", "mid"))
    assert ran_last(step) == RanStep("mid", None)
    assert ran_last(replace(step, attempts=(replace(RAN, success=True),))) == RanStep("small", True)
    assert ran_last(LoggedStep("s", Step("x"))) is None
