"""Parts of a content: what is an answer, what is thinking, what is no text."""

from typing import Any

import pytest

from tierwise.data.replies import ToolCall, read_content
from tierwise.data.replies.parts import without_thoughts

THINKING: list[Any] = [
    {"type": "thinking", "thinking": "It says 40.", "signature": "x"},
    {"type": "thinking", "thinking": [{"type": "text", "text": "It says 40."}]},
    {"type": "thinking", "text": "It says 40."},
    {"type": "reasoning", "content": "It says 40."},
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "It says 40."}]},
    {"type": "reasoning.text", "text": "It says 40."},
    {"type": "redacted_thinking", "data": "ab"},
    {"text": "It says 40.", "thought": True},
    {"reasoningContent": {"reasoningText": {"text": "It says 40."}}},
    {"part_kind": "thinking", "content": "It says 40."},
]


@pytest.mark.parametrize("part", THINKING)
def test_thinking_is_no_part_of_the_answer(part: dict[str, Any]) -> None:
    content = read_content([part, {"type": "text", "text": '{"n": 40}'}])
    assert content.answer == '{"n": 40}'
    assert content.thoughts


@pytest.mark.parametrize(
    "part",
    [
        "40",
        {"type": "text", "text": "40"},
        {"type": "output_text", "text": "40", "annotations": []},
        {"type": "input_text", "text": "40"},
        {"type": "text", "content": "40"},
        {"text": "40"},
        {"type": "text", "text": {"value": "40", "annotations": []}},
    ],
)
def test_a_text_part_is_text_however_it_is_wrapped(part: Any) -> None:
    assert read_content([part]).answer == read_content(part).answer == "40"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://x.example/1.png"}},
        {"type": "input_image", "image_url": "https://x.example/1.png"},
        {"type": "image", "source": {"type": "base64", "data": "iVBOR"}},
        {"type": "image", "text": "iVBOR"},
        {"type": "input_audio", "input_audio": {"data": "AA"}},
        {"type": "file", "file": {"file_id": "f"}},
        {"type": "blob", "content": "iVBOR", "mime_type": "image/png"},
        {"type": "uri", "uri": "gs://b/1.png", "modality": "image"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBOR"}},
        {"fileData": {"fileUri": "gs://b/1.png"}},
        {"image": {"format": "png", "source": {"bytes": "iVBOR"}}},
    ],
)
def test_what_is_no_text_is_named_as_lost(part: dict[str, Any]) -> None:
    content = read_content([{"type": "text", "text": "Read it."}, part])
    assert content.prompt == "Read it."
    assert content.lost


@pytest.mark.parametrize(
    "part",
    [
        {"type": "tool_use", "id": "c1", "name": "count", "input": {"pallet": "P-77"}},
        {"type": "tool_call", "id": "c1", "name": "count", "arguments": {"pallet": "P-77"}},
        {"type": "tool-call", "toolCallId": "c1", "toolName": "count", "input": {"pallet": "P-77"}},
        {"type": "function_call", "call_id": "c1", "name": "count", "arguments": '{"pallet": "P-77"}'},
        {"toolUse": {"toolUseId": "c1", "name": "count", "input": {"pallet": "P-77"}}},
        {"functionCall": {"id": "c1", "name": "count", "args": {"pallet": "P-77"}}},
    ],
)
def test_a_tool_call_is_read_in_every_wrapping(part: dict[str, Any]) -> None:
    assert read_content([part]).tool_calls == [ToolCall("count", '{"pallet": "P-77"}', "c1")]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "40"}]},
        {"type": "tool_result", "tool_use_id": "c1", "content": "40"},
        {"type": "tool_call_response", "id": "c1", "response": "40"},
        {"type": "tool-result", "toolCallId": "c1", "toolName": "count", "output": {"type": "text", "value": "40"}},
        {"type": "function_call_output", "call_id": "c1", "output": "40"},
        {"toolResult": {"toolUseId": "c1", "status": "success", "content": [{"text": "40"}]}},
        {"functionResponse": {"name": "count", "response": {"result": "40"}}},
    ],
)
def test_what_a_tool_gave_back_is_part_of_the_prompt_and_not_of_an_answer(part: dict[str, Any]) -> None:
    content = read_content([part])
    assert (content.prompt, content.answer) == ("40", "")


@pytest.mark.parametrize(
    "text",
    [
        "<think>It says 40.</think>\n40",
        "<thinking>\nIt says <b>40</b>.\n</thinking>\n\n40",
        "It says 40.\n</think>\n\n40",
        "40",
    ],
)
def test_thinking_between_tags_is_no_part_of_the_answer(text: str) -> None:
    assert without_thoughts(text) == "40"


@pytest.mark.parametrize("text", ["<b>40</b>", "<think>never ends", "Write <think>x</think> for me", "a </b> b", ""])
def test_other_tags_are_left_alone(text: str) -> None:
    assert without_thoughts(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<seed:think>It says {3}.</seed:think>40",
        "[THINK]It says {3}.[/THINK]40",
        "◁think▷It says {3}.◁/think▷ 40",
        "<|begin_of_thought|>It says {3}.<|end_of_thought|>\n40",
        "<Thinking>It says {3}.</Thinking>40",
        "It says {3}.</thinking>\n40",
        "It says {3}.[/THINK]40",
        "<|channel|>analysis<|message|>It says {3}.<|end|><|start|>assistant<|channel|>final<|message|>40<|return|>",
        "<|channel|>final <|constrain|>json<|message|>40",
        "\ufeff40",
    ],
)
def test_every_familys_thinking_is_taken_off(text: str) -> None:
    assert without_thoughts(text) == "40"
