"""Takes what coding agents wrote about a session against ``agent_stub.py`` and makes fixtures of it.

    python agents.py FOLDER --codex ROLLOUT.jsonl --claude-code SESSION.jsonl --opencode EXPORT.json
                            --mini-swe-agent RUN.traj.json

The agents are programs of npm and PyPI that were asked "What is the total?" and allowed to use their shell, with the
stub as their provider. Their own prompts, their notes about the machine and its paths are taken out: nothing else is
touched.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

PROMPT = "The agent's own instructions stood here."
_NOTES = frozenset({"attachment", "world_state"})
_NAMES = {"codex": "codex.jsonl", "claude_code": "claude_code.jsonl", "opencode": "opencode.json",
          "mini_swe_agent": "mini_swe_agent.traj.json"}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name in _NAMES:
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, target in _NAMES.items():
        source = getattr(arguments, name)
        if source is None:
            continue
        text = source.read_text(encoding="utf-8")
        if target.endswith("l"):
            lines = [_stripped(json.loads(line)) for line in text.splitlines()]
            text = "".join(json.dumps(line) + "\n" for line in lines if line.get("type") not in _NOTES)
        else:
            text = json.dumps(_stripped(json.loads(text)), indent=1) + "\n"
        (arguments.folder / target).write_text(
            re.sub(r"(?:/[\w.-]+)*/run(?:/work)?(?=[\"/])", "/repo", text), encoding="utf-8"
        )


def _stripped(value: Any) -> Any:
    """The same without long texts, which are the agents' own: the question and the answers are short."""
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    return PROMPT if isinstance(value, str) and (len(value) > 400 or value.startswith("<environment_")) else value


if __name__ == "__main__":
    main()
