"""What kind of answer a step wants, and the key of an answer to it."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from tierwise.data.answers.call_text import RawCall
from tierwise.data.answers.calls import ToolSet, given_calls, read_calls
from tierwise.data.answers.choices import chosen_label, chosen_letter, lettered_options, offered_labels
from tierwise.data.answers.code import code_key, literal_key
from tierwise.data.answers.dates import date_text, time_text
from tierwise.data.answers.finals import final_answer, last_number
from tierwise.data.answers.free_text import exact_text, free_text
from tierwise.data.answers.json_answer import has_json, json_key
from tierwise.data.answers.key import AnswerKey, make_key
from tierwise.data.answers.numbers import quantity_text, units_in
from tierwise.data.answers.wrapping import bare, is_list_of_one, outer_text
from tierwise.data.records import Step, ToolCall

MAX_ANSWER_CHARS = 60_000
MAX_TEXT_CHARS = 160

ASKS_FOR = ("calls", "fields", "code", "form", "choice", "value", "words")

_TAIL_CHARS = 4_000
_WORD_BITS = 8.0
_FORM_IS_THE_TASK = {
    "format",
    "transform",
    "rename",
    "normalise",
    "normalize",
    "draft",
    "write",
    "rewrite",
    "translate",
}
_CODE = {"code", "query", "sql", "coding", "codegen"}
_CALLING = {"tool_call", "route", "tool", "function_call"}
_ASKS_CODE = re.compile(
    r"\b(?:write|implement|complete|give)\b.{0,60}\b(?:function|program|script|code|query|class)\b", re.IGNORECASE
)
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|old|long|far|tall)\b|"
    r"\b(?:calculate|compute|solve|what is the (?:total|sum|number|value|average|probability|area))\b",
    re.IGNORECASE,
)
_ASKS_VALUE = re.compile(
    r"==\s?\?\?|\[ANSWER\]|\bwhat (?:does|will|would) .{0,60}\b(?:print|return|output|evaluate)", re.IGNORECASE
)
_FIXES_FORM = re.compile(r"\b(?:YYYY|HH:MM|ISO(?: |-)?8601)|\b(?:MM|DD)[-/](?:MM|DD)\b")


def answer_key(step: Step, output: str | None = None, tool_calls: Sequence[ToolCall] | None = None) -> AnswerKey | None:
    """The key of one answer to ``step``; for several answers build one :class:`Question`.

    >>> answer_key(Step("How many apples are left?"), "There are **12 apples** left.\\n\\nAnswer: 12 apples.").text
    'number/10.0/12'
    """
    return Question(step).key(output, tool_calls)


class Question:
    """A step as far as its answers are concerned. Reading never raises, whatever the step and the answer hold."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._task = (step.task_type or "").casefold()

    @property
    def asks_for(self) -> str:
        """One of ``ASKS_FOR``: what can be told of its answers before there is one. Takes microseconds."""
        if self._step.tools:
            return "calls"
        if self._step.response_schema is not None:
            return "fields"
        if self._task in _CODE or self._asks_code:
            return "code"
        if self._is_strict:
            return "form"
        if self._letters or self._labels:
            return "choice"
        return "value" if self._asks_value or self._asks_number else "words"

    def key(self, output: str | None = None, tool_calls: Sequence[ToolCall] | None = None) -> AnswerKey | None:
        """The canonical form of an answer, given as text, calls or both; None where there is nothing to compare."""
        compare = self._compare
        if compare == "none":
            return None
        if tool_calls:
            calls = given_calls(tool_calls)
            return self._tools.key(calls) if calls is not None else None
        if output is None:
            return self._tools.no_call() if tool_calls is not None and self._step.tools else None
        text = outer_text(output, self._is_listed)
        if not text:
            return None
        if len(text) > MAX_ANSWER_CHARS:
            return self._final(text)
        return self._read(text, None if isinstance(compare, str) or compare is None else list(compare))

    def calls(self, output: str | None, tool_calls: Sequence[ToolCall] | None) -> list[RawCall]:
        """The calls that an answer holds, as they were written; none where there are none."""
        if tool_calls:
            return given_calls(tool_calls) or []
        if output is None or not self._step.tools or len(output) > MAX_ANSWER_CHARS:
            return []
        return read_calls(outer_text(output, self._is_listed), self._tools) or []

    def _read(self, text: str, fields: list[str] | None) -> AnswerKey | None:
        if self._step.tools:
            is_read, key = self._calls(text)
            if is_read:
                return key
        if self._step.response_schema is not None or fields:
            return json_key(text, self._step.response_schema, fields)
        if self._asks_value:
            return literal_key(text) or self._final(text) or self._short(text)
        if self._task in _CODE or (self._task not in _FORM_IS_THE_TASK and "```" in text and self._asks_code):
            return code_key(text)
        if self._is_strict:
            return self._strict(text)
        return self._chosen(text) or self._structured(text) or self._final(text) or self._short(text)

    def _calls(self, text: str) -> tuple[bool, AnswerKey | None]:
        """Whether the answer is about calls, and its key."""
        label = chosen_label(text, self._step_tool_names) if len(text) <= 80 else None
        if label is not None and free_text(bare(text)) == label:
            return True, make_key("label", math.log2(max(len(self._step_tool_names), 2)), label)
        calls = read_calls(text, self._tools)
        if calls:
            return True, self._tools.key(calls)
        if calls is not None:
            return True, self._tools.no_call()
        if self._tools.is_attempt(text):
            return True, None
        if self._task in _CALLING and not any(message.role == "tool" for message in self._step.messages):
            return True, self._tools.no_call()
        return False, None

    def _chosen(self, text: str) -> AnswerKey | None:
        if self._letters:
            letter = chosen_letter(text, self._letters)
            if letter:
                return make_key("choice", math.log2(len(self._letters)), letter.lower())
        if self._labels and len(text) <= 400:
            label = chosen_label(text, self._labels)
            if label:
                return make_key("label", math.log2(len(self._labels)), label)
        return None

    def _structured(self, text: str) -> AnswerKey | None:
        stripped = text.lstrip()
        if stripped.startswith(("{", "[", "```json", "```\n{", "```\n[")) and has_json(text):
            return json_key(text, None)
        return None

    def _final(self, text: str) -> AnswerKey | None:
        if len(text) <= MAX_TEXT_CHARS:
            value = self._value(bare(text))
            if value:
                return value
        found = final_answer(text)
        if found is None and self._asks_number:
            found = last_number(text)
        if found is None or len(found) > MAX_TEXT_CHARS:
            return None
        return self._value(bare(found)) or self._text(bare(found))

    def _short(self, text: str) -> AnswerKey | None:
        short = bare(text)
        return self._text(short) if len(short) <= MAX_TEXT_CHARS else None

    def _value(self, text: str) -> AnswerKey | None:
        number = quantity_text(text.replace("\\$", "$").replace("\\%", "%"), self._units)
        if number is not None:
            return make_key("number", 10.0, number)
        day, clock = date_text(text), time_text(text)
        if day is not None and (day == text or not self._fixes_form):
            return make_key("date", 10.0, day)
        if clock is not None and (clock == text or not self._fixes_form):
            return make_key("time", 10.0, clock)
        word = free_text(text) if len(text) <= 8 else ""
        return make_key("label", 1.0, word) if word in {"yes", "no", "true", "false"} else None

    def _text(self, text: str) -> AnswerKey | None:
        body = free_text(text)
        return make_key("text", min(32.0, _WORD_BITS * (body.count(" ") + 1)), body) if body else None

    def _strict(self, text: str) -> AnswerKey | None:
        """Where the form is the task, another form is another answer."""
        if len(text) > MAX_TEXT_CHARS:
            return None
        body = exact_text(text)
        label = chosen_label(text, self._labels) if self._labels else None
        bits = math.log2(len(self._labels)) if label else min(32.0, _WORD_BITS * (body.count(" ") + 1))
        return make_key("exact", bits, body)

    @cached_property
    def _compare(self) -> str | Sequence[Any] | None:
        """The step's own hint: ``"none"``, or the list of the fields of its JSON that count."""
        hint = self._step.extra.get("compare") if isinstance(self._step.extra, Mapping) else None
        if isinstance(hint, list | tuple) and all(isinstance(item, str) for item in hint):
            return hint or None
        return hint if isinstance(hint, str) else None

    @cached_property
    def _prompt(self) -> str:
        prompt = self._step.text or next((m.content for m in reversed(self._step.messages) if m.role == "user"), "")
        prompt = prompt or self._step.prompt
        if "\n" not in prompt and "\\n" in prompt:
            prompt = prompt[-2 * _TAIL_CHARS :].replace("\\n", "\n")
        return prompt if len(prompt) <= 2 * _TAIL_CHARS else f"{prompt[:_TAIL_CHARS]}\n{prompt[-_TAIL_CHARS:]}"

    @cached_property
    def _is_listed(self) -> bool:
        """Whether the log keeps texts as lists of one, prompts and answers alike."""
        return is_list_of_one(self._step.text.strip())

    @cached_property
    def _tools(self) -> ToolSet:
        return ToolSet(self._step.tools)

    @cached_property
    def _step_tool_names(self) -> tuple[str, ...]:
        return tuple(tool.name for tool in self._step.tools if tool.name)

    @cached_property
    def _letters(self) -> Mapping[str, str]:
        return lettered_options(self._prompt)

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        return offered_labels(self._prompt)

    @cached_property
    def _units(self) -> frozenset[str]:
        return units_in(self._prompt)

    @cached_property
    def _is_strict(self) -> bool:
        return self._task in _FORM_IS_THE_TASK

    @cached_property
    def _fixes_form(self) -> bool:
        """Whether the prompt says in which form a date or time must be."""
        return bool(_FIXES_FORM.search(self._prompt))

    @cached_property
    def _asks_code(self) -> bool:
        return bool(_ASKS_CODE.search(self._prompt))

    @cached_property
    def _asks_value(self) -> bool:
        """Whether the prompt asks what a piece of code gives."""
        return bool(_ASKS_VALUE.search(self._prompt))

    @cached_property
    def _asks_number(self) -> bool:
        return bool(_ASKS_NUMBER.search(self._prompt))
