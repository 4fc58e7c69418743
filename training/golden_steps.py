"""The steps of a bundle's golden rows: made up, so that no prompt of a log leaves with a bundle.

They try what the feature pipeline can be given: a text, a chat, tools, a schema, code, other scripts, a retry, nothing.
"""

from typing import Any

from tierwise.data.records import Message, Step, Tool

_ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {"item": {"type": "string"}, "count": {"type": "integer"}, "tags": {"type": "array"}},
    "required": ["item", "count"],
}

GOLDEN_STEPS: tuple[Step, ...] = (
    Step("Extract the invoice number and the total as JSON.", task_type="extract", input_complexity=2),
    Step("Write the record as one line of CSV, columns in this order: id, name.", task_type="format", agent="golden"),
    Step(
        "Is this message a complaint, a question or praise? Reply with one word.", task_type="classify", node="golden"
    ),
    Step("A train leaves at 9:40 and arrives at 13:05. How long does it take? Think step by step.", task_type="reason"),
    Step("def area(r):\n    return 3.14159 * r ** 2\n\nWrite a test for this function.", task_type="code", retry=1),
    Step("Summarise the meeting for the whole team.", requires_judgment=True, human_visible=True, input_complexity=8),
    Step(
        messages=(
            Message("system", "You plan journeys."),
            Message("user", "Two days in Lisbon, by train, with children."),
            Message("assistant", "Which month?"),
            Message("user", "May."),
        ),
        step_index=3,
    ),
    Step("Order three lamps.", tools=(Tool("order", "Places an order.", _ORDER), Tool("cancel", "Cancels one."))),
    Step("Describe the order.", response_schema=_ORDER, input_tokens=900),
    Step("請用一句話說明天氣。 Qué tiempo hará mañana? \U0001f327", task_type="translate"),
    Step("Try again.", previous_error="The answer is not JSON.", retry=2, task_type="extract"),
    Step("word " * 2_000),
)
