"""Translating there and back loses nothing that both protocols can say."""

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tierwise.agents.protocols import PROTOCOLS, WireProtocol
from tierwise.agents.protocols.canonical import (
    Completion,
    Effort,
    Finish,
    Form,
    Media,
    Message,
    Refusal,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolSpec,
    Turn,
    joined,
)
from tierwise.agents.protocols.events import Assembly, events_of
from tierwise.agents.protocols.protocol import Frame
from tierwise.data.replies.usage import Usage

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
pytestmark = pytest.mark.slow

NAMES = st.sampled_from(["look_up", "weather", "add"])
IDS = st.sampled_from(["call_1", "call_2", "call_3"])
SCHEMAS = st.sampled_from([{"type": "object", "properties": {"n": {"type": "integer"}}}, {"type": "object"}])
ARGUMENTS = st.dictionaries(st.sampled_from("abc"), st.integers(-9, 9) | st.booleans(), max_size=2)
IMAGES = st.sampled_from(
    [Media("image", url="https://a.example/b.png"), Media("image", data="aGk=", media_type="image/png")]
)
FILES = st.just(Media("file", data="aGk=", media_type="application/pdf", name="a.pdf"))

user = st.lists(WORDS.map(Text) | IMAGES | FILES, min_size=1, max_size=2).map(lambda p: Turn("user", tuple(p)))
calls = st.builds(
    lambda name, arguments, call_id: ToolCall(name, json.dumps(arguments, separators=(",", ":")), call_id),
    NAMES,
    ARGUMENTS,
    IDS,
)
said = st.tuples(st.lists(WORDS.map(Text), max_size=1), st.lists(calls, max_size=2)).map(
    lambda both: Turn("assistant", (*both[0], *both[1]))
)
results = st.lists(
    st.builds(ToolResult, IDS, st.lists(WORDS.map(Text), min_size=1, max_size=1).map(tuple)), min_size=1, max_size=2
).map(lambda p: Turn("tool", tuple(p)))
tools = st.lists(st.builds(ToolSpec, NAMES, WORDS, SCHEMAS), min_size=1, max_size=2).map(tuple)

requests = st.builds(
    Request,
    turns=st.tuples(
        st.lists(WORDS.map(lambda text: Turn("system", (Text(text),))), max_size=1),
        st.lists(user | said.filter(lambda turn: turn.parts) | results, min_size=1, max_size=4),
    ).map(lambda both: joined([*both[0], *both[1]])),
    tools=tools,
    tool_choice=st.none() | st.sampled_from([ToolChoice("auto"), ToolChoice("required"), ToolChoice("none")]),
    form=st.none() | SCHEMAS.map(Form),
    max_output_tokens=st.integers(1, 4000),
    temperature=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    top_p=st.none() | st.just(0.9),
    is_stream=st.booleans(),
)


def there_and_back(protocol: WireProtocol, request: Request) -> Request:
    body = {"model": "m", **protocol.write_request(request)}
    back = protocol.read_request(json.loads(json.dumps(body)), "nobody")
    strict = tuple(replace(tool, is_strict=tool.is_strict or None) for tool in back.tools)
    return replace(back, turns=joined(back.turns), tools=strict)


def as_chat_says(request: Request) -> Request:
    """Its message holds a text and calls beside each other: that a text followed a call cannot be said."""

    def text_first(turn: Turn) -> Turn:
        return replace(turn, parts=tuple(sorted(turn.parts, key=lambda part: isinstance(part, ToolCall))))

    return replace(request, turns=tuple(map(text_first, request.turns)))


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=60, deadline=None)
@given(requests)
def test_a_request_survives_every_protocol(name: str, request: Request) -> None:
    said = as_chat_says(request) if name == "chat" else request
    assert there_and_back(PROTOCOLS[name], request) == said


def test_a_chat_message_says_its_text_before_its_calls() -> None:
    turn = Turn("assistant", (ToolCall("look_up", "{}", "call_1"), Text("Looking it up.")))
    request = Request((Turn("user", (Text("Where?"),)), turn), tools=(ToolSpec("look_up", "finds", {}),))
    assert there_and_back(PROTOCOLS["chat"], request).turns[-1].parts == turn.parts[::-1]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "chat",
            {"stop": ("END",), "user": "u", "is_parallel": False, "effort": Effort("low"), "service_tier": "flex"},
        ),
        ("responses", {"user": "u", "is_parallel": True, "effort": Effort("high", summary="auto")}),
        ("messages", {"stop": ("END",), "user": "u", "is_parallel": False, "service_tier": "auto"}),
        ("messages", {"effort": Effort("medium", 8192), "max_output_tokens": 9000}),
        ("messages", {"effort": Effort("none")}),
        ("chat", {"form": Form()}),
        ("responses", {"form": Form({"type": "object"}, "invoice", "an invoice", True)}),
        ("chat", {"tool_choice": ToolChoice("tool", "look_up")}),
        ("responses", {"tool_choice": ToolChoice("tool", "look_up")}),
        ("messages", {"tool_choice": ToolChoice("tool", "look_up")}),
    ],
)
def test_what_a_protocol_can_say_beyond_the_others_survives_it(name: str, fields: dict[str, Any]) -> None:
    plain = Request((Turn("user", (Text("hi"),)),), tools=(ToolSpec("look_up", "d", {"type": "object"}),))
    request = replace(plain, max_output_tokens=100) if "max_output_tokens" not in fields else plain
    request = replace(request, **fields)
    if "tool_choice" not in fields and name == "messages" and request.is_parallel is not None:
        request = replace(request, tool_choice=ToolChoice("auto"))
    assert there_and_back(PROTOCOLS[name], request) == request


thought = st.builds(Thinking, WORDS, signature=WORDS, origin=st.just("messages"))
parts = st.lists(
    WORDS.map(Text) | calls | thought | st.builds(Thinking, sealed=WORDS, origin=st.just("responses"), item_id=IDS),
    min_size=1,
    max_size=4,
).filter(lambda found: all(not (isinstance(a, Text) and isinstance(b, Text)) for a, b in itertools.pairwise(found)))
usages = st.builds(Usage, st.integers(5, 99), st.integers(1, 99), st.integers(0, 3), st.integers(0, 2))


def completion_of(found: list[Any], usage: Usage) -> Completion:
    finish = Finish.TOOLS if any(isinstance(part, ToolCall) for part in found) else Finish.STOP
    return Completion((Message(tuple(found), finish),), usage)


@pytest.mark.parametrize("name", ["responses", "messages"])
@settings(max_examples=60, deadline=None)
@given(parts, usages)
def test_an_answer_survives_whole_and_streamed(name: str, found: list[Any], usage: Usage) -> None:
    """Thought of another protocol's provider included."""
    protocol, completion = PROTOCOLS[name], completion_of(found, usage)
    frame = Frame("id_1", 0, "m", {})
    whole = protocol.read_answer(json.loads(json.dumps(protocol.write_answer(completion, frame))))
    assert told(whole) == told(completion)
    assert told(streamed(protocol, completion)) == told(completion)


@settings(max_examples=60, deadline=None)
@given(st.lists(calls, max_size=3), st.none() | WORDS, st.none() | WORDS, usages)
def test_an_answer_survives_chat(found: list[Any], text: str | None, thinking: str | None, usage: Usage) -> None:
    protocol = PROTOCOLS["chat"]
    before = [Thinking(thinking, origin="chat")] if thinking else []
    completion = completion_of([*before, *([Text(text)] if text else []), *found], usage)
    frame = Frame("id_1", 0, "m", {"stream_options": {"include_usage": True}})
    assert told(protocol.read_answer(protocol.write_answer(completion, frame))) == told(completion)
    assert told(streamed(protocol, completion)) == told(completion)


PAIRS = list(itertools.permutations(PROTOCOLS, 2))


@pytest.mark.parametrize(("caller", "provider"), PAIRS)
@settings(max_examples=40, deadline=None)
@given(requests)
def test_a_request_survives_the_way_to_another_protocol_and_back(caller: str, provider: str, request: Request) -> None:
    """A caller's body, said to a provider, says the same in the caller's protocol again, to the letter; that a tool is
    not strict is said in one protocol and goes without saying in the others. Words after calls of one turn are left
    out: chat completions cannot say that they came later."""
    assume(not any(isinstance(a, ToolCall) and isinstance(b, Text) for t in request.turns for a, b in pairs_of(t)))
    here, there = PROTOCOLS[caller], PROTOCOLS[provider]
    body = here.write_request(request)
    sent = there.write_request(here.read_request({"model": "m", **body}, provider))
    assert lax(here.write_request(there.read_request({"model": "m", **sent}, caller))) == lax(body)


@pytest.mark.parametrize(("caller", "provider"), PAIRS)
@settings(max_examples=40, deadline=None)
@given(st.lists(calls, max_size=3), st.none() | WORDS, usages)
def test_an_answer_survives_the_way_to_another_protocol_and_back(
    caller: str, provider: str, found: list[Any], text: str | None, usage: Usage
) -> None:
    """A provider's stream, written for a caller event by event, tells what the provider told, and so does the whole."""
    completion = completion_of([*([Text(text)] if text else []), *found], usage)
    here, there = PROTOCOLS[caller], PROTOCOLS[provider]
    frame = Frame("id_1", 0, "m", {"stream_options": {"include_usage": True}})
    whole = here.read_answer(here.write_answer(there.read_answer(there.write_answer(completion, frame)), frame))
    assert told(whole) == told(completion)
    reader, writer, assembly = there.reader(), here.writer(frame), Assembly()
    data = b"".join(writer.write(reader.read(event)) for event in written(there, completion)) + writer.end()
    again = here.reader()
    for event in decoded(data):
        assembly.add(again.read(event))
    assert told(assembly.completion()) == told(completion)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_refusal_is_told_in_every_protocol(name: str) -> None:
    protocol = PROTOCOLS[name]
    completion = Completion((Message((Refusal("I will not."),), Finish.STOP),), Usage(1, 1, 0))
    for back in (protocol.read_answer(protocol.write_answer(completion, FRAME)), streamed(protocol, completion)):
        if name == "messages":
            assert (back.message.content, back.message.finish) == ("I will not.", Finish.FILTERED)
        else:
            assert back.message.parts == (Refusal("I will not."),)


FRAME = Frame("id_1", 0, "m", {})


def streamed(protocol: WireProtocol, completion: Completion) -> Completion:
    """``completion`` written as a stream and read as one, by the quick draft and by the reader alike."""
    events = written(protocol, completion)
    assembly, reader, draft = Assembly(), protocol.reader(), protocol.draft()
    for event in events:
        assembly.add(reader.read(event))
        draft.add(event)
    assert draft.is_finished
    assert assembly.is_finished
    assert told(draft.completion()) == told(assembly.completion())
    return assembly.completion()


def pairs_of(turn: Turn) -> list[tuple[Any, Any]]:
    return list(itertools.pairwise(turn.parts))


def lax(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: lax(each) for name, each in value.items() if (name, each) != ("strict", False)}
    return [lax(each) for each in value] if isinstance(value, list) else value


def written(protocol: WireProtocol, completion: Completion) -> list[dict[str, Any]]:
    """The events of ``completion`` as a stream."""
    writer = protocol.writer(Frame("id_1", 0, "m", {"stream_options": {"include_usage": True}}))
    return decoded(writer.write(events_of(completion)) + writer.end())


def decoded(data: bytes) -> list[dict[str, Any]]:
    lines = data.decode().split("\n")
    return [json.loads(line[5:]) for line in lines if line.startswith("data:") and "[DONE]" not in line]


def told(completion: Completion) -> tuple[Any, ...]:
    message, usage = completion.message, completion.usage
    return (
        [replace(p, item_id=None) if isinstance(p, Thinking) else p for p in message.parts],
        message.finish,
        (usage.input_tokens, usage.output_tokens, usage.cached_tokens),
    )
