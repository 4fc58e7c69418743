"""Actions and results, one message at a time, in the shapes that agents write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.records import Message
from tierwise.features.actions import KINDS, actions_of, result_of


def call(name: str, arguments: Any, **extra: Any) -> Message:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return Message("assistant", "", {"tool_calls": [{"function": {"name": name, "arguments": text}}], **extra})


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("read_file", {"path": "src/app.py"}, ("read_file", "read", ("src/app.py",))),
        ("searchWeb", {"query": "x"}, ("searchWeb", "search", ())),
        ("str_replace_editor", {"path": "a.py"}, ("str_replace_editor", "edit", ("a.py",))),
        ("TodoWrite", {}, ("TodoWrite", "plan", ())),
        ("get_weather", {"city": "Rome"}, ("get_weather", "read", ())),
        ("frobnicate", "not json", ("frobnicate", "other", ())),
        ("bash", {"command": "cd /src && grep -r foo ."}, ("bash:grep", "search", ())),
        ("bash", {"command": "A=1 /usr/bin/python -m pytest b/test_a.py"}, ("bash:python", "test", ("b/test_a.py",))),
        ("bash", {"command": "sed -i s/a/b/ lib/x.py"}, ("bash:sed", "edit", ("lib/x.py",))),
        ("bash", {"command": "sed -n 1,20p lib/x.py"}, ("bash:sed", "read", ("lib/x.py",))),
        ("bash", {"command": "cat > new.py <<'EOF'\nx\nEOF"}, ("bash:cat", "edit", ("new.py",))),
        ("shell", {"command": ["npm", "run", "test"]}, ("shell:npm", "test", ())),
        ("bash", {"command": "make 2>&1 | tail"}, ("bash:make", "run", ())),
        ("", {}, ("", "other", ())),
    ],
)  # fmt: skip
def test_a_call_has_a_name_a_kind_and_its_files(name: str, arguments: Any, expected: tuple[Any, ...]) -> None:
    (found,) = actions_of(call(name, arguments))
    assert (found.name, found.kind, found.paths) == expected


def test_the_same_call_is_told_from_another() -> None:
    calls = [actions_of(call("read", arguments))[0].call for arguments in ({"a": 1}, {"a": 1}, {"a": 2})]
    assert calls[0] == calls[1] != calls[2]


def test_an_agent_without_tools_acts_in_fences() -> None:
    message = Message("assistant", "Let me look.\n```bash\ngrep -n foo a.py\n```\nand\n```sh\nls\n```")
    assert [action.name for action in actions_of(message)] == ["bash:grep", "bash:ls"]
    assert actions_of(Message("user", message.content)) == ()
    assert actions_of(Message("assistant", "```python\nprint(1)\n```")) == ()


@pytest.mark.parametrize(
    ("content", "is_failure"),
    [
        ("<returncode>0</returncode>\n<output>\nError: not really\n</output>", False),
        ("<returncode>1</returncode>\n<output>\n</output>", True),
        ("Traceback (most recent call last):\n  File\nValueError: x", True),
        ("Error: no such file", True),
        ("fine " * 60 + "error handling is described below", False),
        ("exit code: 2", True),
        ('{"returncode": -1, "output": ""}', True),
        ('{"returncode": 0, "output": "error"}', False),
        ("Process exited with code 0", False),
        ("42", False),
        ("", False),
    ],
)
def test_a_result_is_a_failure_by_its_exit_code_or_else_by_its_words(content: str, is_failure: bool) -> None:
    found = result_of(Message("tool", content))
    assert found is not None
    assert found.is_failure == is_failure
    assert (found.error is not None) == is_failure
    assert found.n_chars == len(content)


def test_the_same_trouble_in_another_line_is_the_same_error() -> None:
    first, again, other = (
        result_of(Message("tool", f"Traceback (most recent call last):\n  line {line}\n{error} in line {line}"))
        for line, error in ((3, "ValueError"), (17, "ValueError"), (3, "KeyError"))
    )
    assert None not in (first, again, other)
    errors = [found and found.error for found in (first, again, other)]
    assert errors[0] == errors[1] != errors[2]
    assert first != again


def test_a_marked_error_and_the_shell_of_an_agent_without_tools_are_results() -> None:
    marked = result_of(Message("tool", "ok", {"is_error": True}))
    assert getattr(marked, "is_failure", False)
    assert result_of(Message("user", "<returncode>1</returncode>")) is not None
    assert result_of(Message("user", "Please go on.")) is None
    assert result_of(Message("assistant", "done")) is None


@given(st.text(max_size=60), st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4))
def test_whatever_a_call_holds_it_is_read(name: str, arguments: Any) -> None:
    raw = [{"function": {"name": name, "arguments": arguments}}, {"function": arguments}, arguments, {}]
    found = actions_of(Message("assistant", name, {"tool_calls": raw}))
    assert all(action.kind in KINDS for action in found)
    assert actions_of(Message("assistant", f"```bash\n{name}\n```"))
    assert result_of(Message("tool", name)) is not None
