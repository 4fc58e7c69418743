"""What an agent did and what came back, read off one message at a time.

An action is a tool call, or a fenced shell command in the text of an agent that calls no tools. Its name is the tool's,
for a shell the program's ("bash:grep"); names are learned as they occur in the log. Its kind is guessed from the words
of the name, so that tools never seen before mean something too. Only both ends of arguments and results are read, and
what was read of them is remembered by exactly these ends: a prefix that grows by a turn costs that turn.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tierwise.data.records import Message

KINDS = ("read", "search", "edit", "test", "run", "plan", "ask", "other")

_HEAD_CHARS, _TAIL_CHARS = 400, 400
_WORDS_OF_KINDS: dict[str, str] = {
    word: kind
    for kind, words in (
        ("test", "test tests pytest unittest tox jest mocha verify check lint mypy ruff runtests validate"),
        (
            "edit",
            "edit write create patch replace insert update apply delete remove append save mkdir touch rm mv cp tee",
        ),
        ("search", "search grep find rg glob query lookup locate ag fgrep egrep retrieve"),
        ("read", "read view cat open get show head tail ls list load fetch less sed awk wc tree stat pwd"),
        ("plan", "plan todo think thought task tasks"),
        ("ask", "ask question confirm clarify human"),
        ("run", "run exec execute bash sh python python3 node make pip npm git shell command code terminal"),
    )
    for word in words.split()
}
_SHELLS = frozenset(
    ("bash", "shell", "sh", "exec", "execute_bash", "run_command", "run_terminal_cmd", "terminal", "local_shell")
)
_NAME_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_FENCED = re.compile(r"```(?:bash|sh|shell|mswea_bash_command)\s*\n(.*?)\n?```", re.DOTALL)
_COMMAND_START = re.compile(
    r"^(?:\s*(?:cd\s+\S+|export\s+\S+|set\s+\S+|source\s+\S+)\s*(?:&&|;)|\s*\w+=\S+\s|\s*sudo\s)*"
)
_WRITES = re.compile(r"\bsed\s+-i|<<\s*['\"]?\w+|(?<![0-9&>])>>?\s*[\w./]|\bapply_patch\b|\bgit\s+apply\b")
_TESTS = re.compile(r"\bpytest\b|\bunittest\b|\bruntests?\b|\b(?:npm|cargo|go|make|mvn)\s+(?:run\s+)?test\b|\btox\b")
_SEPARATORS = re.compile(r"[\s\"'=,:;()<>|\[\]{}]+")
_SUFFIX_CHARS = 5
_EXIT_CODE = re.compile(r"(?:return ?code|exit[ _]?code|exited with code)[\"'>:=\s]{1,5}(-?\d+)", re.IGNORECASE)
_TRACEBACKS = ("Traceback (most recent call last)", "panicked at ", "\n    at ")
_TROUBLE = re.compile(
    r"\b(?:error|exception|failed|failure|not found|no such file|denied|invalid|timed out|refused|cannot|unable to)\b",
    re.IGNORECASE,
)
_TROUBLE_CHARS = 160
_DIGITS = re.compile(r"\d+")
_OBSERVED = ("<returncode>", "<output>", "OBSERVATION", "Observation:", "EXECUTION RESULT")


@dataclass(frozen=True, slots=True)
class Action:
    """``call`` tells the same call with the same arguments; ``paths`` are the files that the arguments name."""

    name: str
    kind: str
    call: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: its length, whether it is trouble, and ``error`` that tells the same trouble, None for none."""

    n_chars: int
    is_failure: bool
    has_traceback: bool
    error: int | None
    digest: int


def actions_of(message: Message) -> tuple[Action, ...]:
    """The actions of an assistant's message, in order; none of any other's."""
    if message.role != "assistant":
        return ()
    calls = message.extra.get("tool_calls")
    if isinstance(calls, list) and calls:
        return tuple(_called(call) for call in calls if isinstance(call, Mapping))
    return _fenced_actions(message.content[-8 * _TAIL_CHARS :]) if "```" in message.content else ()


def result_of(message: Message) -> Result | None:
    """What a tool, or the shell of an agent that calls no tools, gave back; None for what is no result."""
    content = message.content
    if message.role not in ("tool", "function") and not (message.role == "user" and content.startswith(_OBSERVED)):
        return None
    is_marked = bool(message.extra.get("is_error"))
    return _read_result(content[:_HEAD_CHARS], content[-_TAIL_CHARS:], len(content), is_marked)


def _called(call: Mapping[str, Any]) -> Action:
    function = call.get("function")
    record = function if isinstance(function, Mapping) else call
    arguments = record.get("arguments", record.get("input", ""))
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, sort_keys=True, default=str)
    return _read_call(str(record.get("name") or ""), text[:_HEAD_CHARS], text[-_HEAD_CHARS:], len(text))


@lru_cache(maxsize=4096)
def _read_call(tool: str, head: str, tail: str, n_chars: int) -> Action:
    call = hash((tool, head, tail, n_chars))
    paths = _paths_in(head)
    if tool.lower() in _SHELLS:
        return _shell_action(tool.lower(), _command_in(head), call, paths)
    return Action(tool, kind_of_name(tool), call, paths)


@lru_cache(maxsize=1024)
def _fenced_actions(text: str) -> tuple[Action, ...]:
    return tuple(
        _shell_action("bash", command, hash(command), _paths_in(command[:_HEAD_CHARS]))
        for command in _FENCED.findall(text)
    )


def kind_of_name(name: str) -> str:
    """The kind of an action of which no more than the name is known ("bash:grep")."""
    tool, is_shell, program = name.partition(":")
    if is_shell and tool.lower() in _SHELLS:
        return _WORDS_OF_KINDS.get(program.lower(), "run")
    words = [word.lower() for word in _NAME_WORDS.findall(name)]
    return next((_WORDS_OF_KINDS[word] for word in words if word in _WORDS_OF_KINDS), "other")


def _shell_action(tool: str, command: str, call: int, paths: tuple[str, ...]) -> Action:
    program = _COMMAND_START.sub("", command, count=1).strip().partition(" ")[0].rpartition("/")[2][:24]
    kind = _WORDS_OF_KINDS.get(program.lower(), "run")
    if ("test" in command or "tox" in command) and _TESTS.search(command):
        kind = "test"
    elif (">" in command or "<<" in command or " -i" in command or "apply" in command) and _WRITES.search(command):
        kind = "edit"
    return Action(f"{tool}:{program}", kind, call, paths)


def _paths_in(text: str) -> tuple[str, ...]:
    """Words that look like the path of a file: a name, a dot and a short suffix."""
    found = []
    for word in _SEPARATORS.split(text):
        name, dot, suffix = word.rpartition(".")
        if dot and 0 < len(suffix) <= _SUFFIX_CHARS and suffix.isalpha() and name.rpartition("/")[2]:
            found.append(word)
    return tuple(dict.fromkeys(found))


def _command_in(arguments: str) -> str:
    """The command in the JSON arguments of a shell, which may be cut off."""
    try:
        found = json.loads(arguments)
    except ValueError:
        return arguments.partition('":')[2].strip(' "[') or arguments
    value = next(iter(found.values()), "") if isinstance(found, dict) else found
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


@lru_cache(maxsize=4096)
def _read_result(head: str, tail: str, n_chars: int, is_marked: bool) -> Result:
    code = _exit_code(head) or (_exit_code(tail) if n_chars > len(head) else None)
    has_traceback = any(mark in head or mark in tail for mark in _TRACEBACKS)
    if code is not None:
        is_failure = is_marked or int(code) != 0
    else:
        is_failure = is_marked or has_traceback or _TROUBLE.search(head[:_TROUBLE_CHARS]) is not None
    last_line = tail.rstrip().removesuffix("</output>").rstrip().rpartition("\n")[2]
    error = hash(_DIGITS.sub("", last_line)) if is_failure else None
    return Result(n_chars, is_failure, has_traceback, error, hash((head, tail, n_chars)))


def _exit_code(text: str) -> str | None:
    found = _EXIT_CODE.search(text) if "code" in text or "Code" in text else None
    return found.group(1) if found else None
