"""How a step's text becomes a prompt. The form is part of what is measured: SmolLM2-135M passes three times
more steps with
`plain` than with its own chat template.
"""

from __future__ import annotations

PLAIN = "plain"
CHAT = "chat"
FORMATS = (PLAIN, CHAT)
PLAIN_STOPS = ("\nTask:", "\n\n\n")


def plain_prompt(text: str) -> str:
    """A one-shot completion prompt: the worked examples look like earlier turns, and the model continues
    behind `Answer:`.

    >>> plain_prompt("Add.\\n\\nExample task: 1 + 1\\nExample answer: 2\\n\\nTask: 2 + 3")
    'Add.\\n\\nTask: 1 + 1\\nAnswer: 2\\n\\nTask: 2 + 3\\nAnswer:'
    """
    return f"{text.replace('Example task: ', 'Task: ').replace('Example answer: ', 'Answer: ')}\nAnswer:"
