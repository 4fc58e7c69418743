"""The labels that a question offers, in the forms that people write them."""

import pytest

from tierwise.data.answers.choices import chosen_label, offered_labels


@pytest.mark.parametrize(
    ("prompt", "labels"),
    [
        ("Classify the review as positive, negative or neutral.", ("positive", "negative", "neutral")),
        ("Is it in stock? Classify it as: in stock, sold out, on order.", ("in stock", "sold out", "on order")),
        ("Which of these is it?\n- group 1\n- group 2\n", ("group 1", "group 2")),
        ("Which of these is it?\n- 1\n- 2\n", ()),
        ("Choose one:\n- refund\n- exchange\n- repair - mended here\n", ("refund", "exchange", "repair")),
        ('Say "refund" or "exchange"; the customer wrote us a letter in which she says "hello" to all.',
         ("refund", "exchange")),
        ('The text is "abc" and has much to it that counts for nothing here. Say "refund" or "exchange".',
         ("refund", "exchange")),
    ],
    ids=["words", "two words each", "with digits", "numbers alone", "dashes", "quoted before", "quoted after"],
)  # fmt: skip
def test_the_labels_that_are_offered_are_found(prompt: str, labels: tuple[str, ...]) -> None:
    assert offered_labels(prompt) == labels


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("It is sold out.", "sold out"),
        ("It is sold.", "sold"),
        ("Sold out", "sold out"),
        ("It is sold, or else it is on order.", None),
        ("It is gone.", None),
    ],
)
def test_of_labels_within_each_other_the_longest_is_meant(text: str, label: str | None) -> None:
    assert chosen_label(text, ("sold", "sold out", "on order")) == label
