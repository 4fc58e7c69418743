"""What a text ends with as its answer."""

import pytest

from tierwise.data.answers.finals import final_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("\\boxed{Paris}", "Paris"),
        ("So it is $\\boxed{\\frac{1}{2}}$, of course.", "\\frac{1}{2}"),
        ("First \\boxed{1}, then \\boxed{2}.", "2"),
        ("It is \\boxed{Par", None),
        ("9 * 2 = 18\n#### 18", "18"),
        ("It may be Rome. The answer is: 3.5 km. Really!", "3.5 km"),
        ("Nobody knows.", None),
    ],
)
def test_the_final_answer_is_what_the_text_says_it_is(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer
