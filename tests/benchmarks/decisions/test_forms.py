"""The parity table: forms that say the same change nothing, those that do not are told apart."""

import pytest

from benchmarks.decisions.pages.render_forms import forms_page
from benchmarks.decisions.problem import Problem
from benchmarks.decisions.questions import forms
from benchmarks.decisions.questions.forms import FORMS, measure_forms
from tierwise.features.view import view_of
from tierwise.training.progress import silent_progress

BODY = {
    "text": "Extract the total.\nReply with JSON.\nInvoice 7: 12.50 EUR",
    "task_type": "extract",
    "agent": "clerk",
    "tools": [{"name": "fetch"}, {"name": "store"}],
}
READ = "Extract the total\nReply with JSON\nInvoice 7: 12.50 EUR"


def test_forms_that_say_the_same_read_the_same() -> None:
    views = {form.name: view_of(forms.step_in_form(form, BODY)).text for form in FORMS}
    same = {text for name, text in views.items() if name != "a system prompt of other work"}
    assert same == {READ}
    assert views["a system prompt of other work"].endswith(READ)


@pytest.mark.slow
def test_the_table_has_a_row_a_form_and_equal_decisions_where_nothing_is_new(problem: Problem) -> None:
    figures = measure_forms(problem, problem.folds(4, 0)[0], 0.03, silent_progress)
    rows = figures["rows"]
    assert [row["form"] for row in rows] == [form.name for form in FORMS]
    assert all(row["p_equal"] == 1 and row["p_top"] == rows[0]["p_top"] for row in rows if row["says_the_same"])
    assert len(forms_page([figures])[-1].splitlines()) == len(FORMS) + 2
