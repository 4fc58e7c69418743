"""``tierwise run``: goals with tools, a plan without a run, tasks that go on, and a tree on a terminal."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Reply, Stub, completion
from tests.cli.conftest import RunTierwise

ROOT = Path(__file__).parents[2]
TOOLS = '''
from pathlib import Path

from tierwise.agents.tools import irreversible, reads, writes

@reads
def stock(item: str) -> int:
    """How many of an item there are."""
    return len(item)

@writes
def note(text: str) -> str:
    """Writes a line into the notes."""
    with Path("notes.txt").open("a") as notes:
        notes.write(text + "\\\\n")
    return "noted"

@irreversible
def send(to: str) -> str:
    """Sends a letter."""
    return "sent"

def not_a_tool() -> None: ...
'''.replace("\\\\n", "\\n")
PLAN = {
    "steps": [
        {"id": "count", "do": "count!", "type": "extract", "tools": ["stock"]},
        {"id": "say", "do": "say!", "type": "format", "after": ["count"]},
    ]
}


class Models:
    def __init__(self) -> None:
        self.plan: Any = PLAN
        self.call: tuple[str, dict[str, Any]] = ("stock", {"item": "lamps"})
        self.prompts: list[str] = []
        self.hangs: threading.Event | None = None

    def __call__(self, _: str, body: Any) -> Reply:
        messages = body["messages"]
        prompt = messages[0]["content"]
        self.prompts.append(prompt)
        if prompt.startswith("hang") and self.hangs is not None:
            self.hangs.set()
            return Reply({}, delay_seconds=20)
        if prompt.startswith("Plan how"):
            return completion(self.plan if isinstance(self.plan, str) else json.dumps(self.plan))
        if body.get("tools") and messages[-1]["role"] != "tool":
            function = {"name": self.call[0], "arguments": json.dumps(self.call[1])}
            return completion("", tool_calls=[{"id": "c", "type": "function", "function": function}])
        if messages[-1]["role"] == "tool":
            return completion(f"it said {json.loads(messages[-1]['content'])}")
        return completion("five lamps")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Models]:
    """Scripted models at an address, in a folder with ``tiers.toml`` and ``tools.py``."""
    found = Models()
    with ExitStack() as stack:
        address = stack.enter_context(Stub(found)).address
        tiers = [
            f'[[tiers]]\nname = "{name}"\n[[tiers.models]]\nname = "{name}-1"\nbase_url = "{address}/v1"\n'
            f"input_usd_per_mtok = {usd}\noutput_usd_per_mtok = {usd}\n"
            for name, usd in (("small", 1), ("mid", 4), ("frontier", 16))
        ]
        (tmp_path / "tiers.toml").write_text("\n".join(tiers))
        (tmp_path / "tools.py").write_text(TOOLS)
        monkeypatch.chdir(tmp_path)
        yield found


def task_of(err: str) -> str:
    return next(line.split(":")[0] for line in err.splitlines() if line.startswith("t-"))


@pytest.mark.slow
@pytest.mark.usefixtures("models")
def test_a_goal_is_reached_and_every_step_told_in_a_line(tierwise: RunTierwise, tmp_path: Path) -> None:
    ran = tierwise("run", "How many lamps?", "--tools", "tools.py", "--budget-usd", 1, "--json", "trace.json")
    assert (ran.code, ran.out) == (0, "five lamps\n")
    lines = ran.err.splitlines()
    assert [line.split("  ")[:3] for line in lines[:5]] == [
        ["plan", "frontier", "1 try"],
        ["count", "small", "1 try"],
        ["count", "small", "1 try"],
        ["say", "small", "1 try"],
        ["answer", "frontier", "1 try"],
    ]
    assert "% of it for planning" in lines[-1]
    assert "\x1b" not in ran.err
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert trace["answer"] == "five lamps"
    assert (tmp_path / ".tierwise" / "decisions.db").exists()
    assert (tmp_path / ".tierwise" / "tasks" / f"{trace['task_id']}.jsonl").exists()


def test_a_plan_is_shown_without_a_run(models: Models, tierwise: RunTierwise, tmp_path: Path) -> None:
    ran = tierwise("run", "How many lamps?", "--tools", "tools.py", "--dry-run")
    assert ran.code == 0
    assert len(models.prompts) == 1, "only the planner was asked"
    assert "count" in ran.out
    assert "stock" in ran.out
    assert "Expected by tier" in ran.out
    assert "no step was taken" in ran.err
    assert not (tmp_path / ".tierwise").exists()


def test_a_task_that_ran_out_of_money_goes_on(models: Models, tierwise: RunTierwise) -> None:
    models.plan = {"steps": [{"id": f"s{i}", "do": f"do {i}", "type": "extract"} for i in range(5)]}
    first = tierwise("run", "Do it.", "--budget-usd", 0.08, "--max-tokens", 6000)
    assert first.code == 1
    assert "(budget, " in first.err.splitlines()[-1]
    task = task_of(first.err)
    assert f"tierwise run --resume {task}" in first.err
    second = tierwise("run", "--resume", task, "--budget-usd", 5)
    assert (second.code, second.out) == (0, "five lamps\n")
    assert len([p for p in models.prompts if p.startswith("Plan how")]) == 1
    assert len(models.prompts) == 1 + 5 + 1, "no step was taken twice"


def test_what_cannot_be_taken_back_needs_a_person_or_yes(models: Models, tierwise: RunTierwise) -> None:
    models.plan = {"steps": [{"id": "mail", "do": "send it", "type": "extract", "tools": ["send"]}]}
    models.call = ("send", {"to": "Ada"})
    tierwise("run", "Send it.", "--tools", "tools.py", "--json", "no.json")
    tierwise("run", "Send it.", "--tools", "tools.py", "--yes", "--json", "yes.json")
    said = [json.loads(Path(name).read_text())["steps"][1]["tool_calls"][0] for name in ("no.json", "yes.json")]
    assert [call["result"]["status"] for call in said] == ["refused", "ok"]


@pytest.mark.slow
def test_the_answer_is_judged_by_a_command_and_the_plan_kept(
    models: Models, tierwise: RunTierwise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwise.agents.runtime.plans.reuse.draw", lambda _: 0.0)  # no task is planned afresh by lot
    wrong = tierwise("run", "How many lamps?", "--tools", "tools.py", "--check", "grep six", "--plans", "plans.db")
    assert wrong.code == 1
    assert "(verification, executor): The answer" not in wrong.out
    for _ in range(2):
        right = tierwise("run", "How many lamps?", "--tools", "tools.py", "--check", "grep five", "--plans", "plans.db")
        assert right.code == 0
    assert "plan  kept from another task" in right.err
    assert len([p for p in models.prompts if p.startswith("Plan how")]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what is to be reached, or name a task with --resume; not both"),
        (["x", "--resume", "t"], "say what is to be reached, or name a task with --resume; not both"),
        ([" "], "the goal is empty"),
        (["x", "--tiers", "none.toml"], "none.toml: no such file; tierwise init writes one"),
        (["x", "--tools", "none.py"], "none.py: no such Python file"),
        (["x", "--tools", "tiers.toml"], "tiers.toml: no such Python file"),
        (["x", "--tools", "empty.py"], "empty.py has no tools; put @reads, @writes or @irreversible"),
        (["x", "--tools", "broken.py"], "broken.py cannot be run: ZeroDivisionError: division by zero"),
        (["x", "--effect", "reads"], "--effect is 'reads'; NAME=reads"),
        (["x", "--effect", "a=reads"], "--effect names 'a', which no server has; there is nothing"),
        (["--resume", "t-9"], "there is no task 't-9' in .tierwise/tasks; begin it with run"),
        (["x", "--planner-tier", "huge"], "tier 'huge' is not in the catalogue"),
        (["x", "--plans", "tiers.toml"], "tiers.toml cannot be used as a plan store"),
    ],
)
def test_wrong_use_is_one_line(arguments: list[str], message: str, models: Models, tierwise: RunTierwise) -> None:
    Path("empty.py").write_text("x = 1\n")
    Path("broken.py").write_text("1 / 0\n")
    ran = tierwise("run", *arguments)
    assert ran.code == 2
    assert len(ran.err.strip().splitlines()) == 1
    assert message in ran.err
    assert models.prompts == []


def test_nobody_who_plans_is_one_line(models: Models, tierwise: RunTierwise) -> None:
    models.plan = "I would first look at it."
    for more in ([], ["--dry-run"]):
        ran = tierwise("run", "How many lamps?", *more)
        assert ran.code == 1
        assert "the answer holds no plan" in ran.err.splitlines()[-1]


@pytest.mark.slow
def test_an_interrupted_task_says_how_it_goes_on_and_does(
    models: Models, tierwise: RunTierwise, tmp_path: Path
) -> None:
    """Ctrl-C, as a process gets it, while a step waits for its model."""
    models.plan = {"steps": [{"id": "a", "do": "first", "type": "extract"}, {"id": "b", "do": "hang", "after": ["a"]}]}
    models.hangs = threading.Event()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tierwise", "run", "Do it."]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    assert models.hangs.wait(60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    last = said.splitlines()[-2:]
    assert process.returncode == 130
    assert last[0].startswith("the task goes on with: tierwise run --resume t-")
    assert last[1:] == ["tierwise: interrupted"]
    assert "Traceback" not in said
    models.hangs = None
    n_before = len(models.prompts)
    ran = tierwise("run", "--resume", last[0].split()[-1])
    assert (ran.code, ran.out) == (0, "five lamps\n")
    assert [p.split()[0] for p in models.prompts[n_before:]] == ["hang", "Write"], (
        "plan and first step are not asked again"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("models")
def test_on_a_terminal_there_is_a_live_tree(tmp_path: Path) -> None:
    """A real terminal, in a process of its own."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "tierwise", "run", "How many lamps?", "--tools", "tools.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    shown = bytearray()
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # how a terminal of Linux says that everybody has left
            break
        if not piece:
            break
        shown += piece
    out, _ = process.communicate(timeout=60)
    os.close(leader)
    assert (process.returncode, out) == (0, b"five lamps\n")
    text = shown.decode()
    assert "\x1b[" in text
    assert "├── " in text
    assert "✓ count  small  2 tries" in text.replace("\x1b[32m", "").replace("\x1b[0m", "")


def test_the_beginning_on_the_first_page_is_ten_lines_and_runs(
    models: Models, tierwise: RunTierwise, tmp_path: Path
) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(# tools.py\n.*?)```\n```sh\n(tierwise run .*?)```", page, re.DOTALL)
    assert found is not None
    code, command = found[1], found[2]
    assert len([line for line in (code + command).splitlines() if line.strip()]) <= 10
    (tmp_path / "tools.py").write_text(code)
    models.call = ("stock", {"item": "lamp"})
    ran = tierwise(*shlex.split(command)[1:], "--json", "trace.json")
    assert (ran.code, ran.out) == (0, "five lamps\n")
    (call,) = [call for step in json.loads(Path("trace.json").read_text())["steps"] for call in step["tool_calls"]]
    assert call["result"]["text"] == "5"


def test_a_kept_file_of_tools_need_not_be_a_module(models: Models, tierwise: RunTierwise, tmp_path: Path) -> None:
    """Its classes are found by their annotations, and two files of one name do not mix."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "tools.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from tierwise.agents.tools import reads\n\n@dataclass\nclass Item:\n    name: str\n\n"
        "@reads\ndef stock(item: Item) -> int:\n    return len(item.name)\n"
    )
    models.call = ("stock", {"item": {"name": "lamps"}})
    ran = tierwise("run", "How many lamps?", "--tools", "a/tools.py", "--json", "trace.json")
    assert ran.code == 0
    (call,) = [call for step in json.loads(Path("trace.json").read_text())["steps"] for call in step["tool_calls"]]
    assert call["result"]["text"] == "5"


def test_what_models_write_does_not_steer_the_terminal(models: Models, tierwise: RunTierwise) -> None:
    models.plan = {"steps": [{"id": "a", "do": "clear \x1b[2J the screen", "type": "extract"}]}
    shown = tierwise("run", "Do it.", "--dry-run")
    assert "clear [2J the screen" in shown.out
    models.plan = {"steps": [{"id": "a", "do": "x", "after": ["\x1b[2J"]}]}
    failed = tierwise("run", "Do it.")
    assert failed.code == 1
    assert "depends on" in failed.err
    assert "\x1b" not in shown.out + shown.err + failed.err
