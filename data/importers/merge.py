"""Adding imported steps to a log file: what is there stays, what comes again is not doubled, what changed is renewed.

Steps are told apart by the ids of the calls that they were made of, so that a task whose second half comes with a
later export grows instead of doubling.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.records import LoggedStep
from tierwise.data.serialise import logged_step_to_dict
from tierwise.data.step_log import load_step_logs, write_step_log


@dataclass(frozen=True, slots=True)
class MergeCount:
    """How many steps were new, changed (new attempts or verdicts), or there already just so."""

    n_new: int = 0
    n_changed: int = 0
    n_unchanged: int = 0


def merge_into(path: Path, steps: Sequence[LoggedStep]) -> MergeCount:
    """Writes the union of the file's steps and ``steps``, in one step; nothing is written when nothing changed.

    Raises ``ForeignLogError`` when the file holds lines that cannot be read, because they would be lost.
    """
    kept = _existing(path)
    owner = {call_id: step_id for step_id, step in kept.items() for call_id in call_ids(step)}
    n_new = n_changed = n_unchanged = 0
    for step in steps:
        ids = call_ids(step)
        owners = list(dict.fromkeys(owner[call_id] for call_id in ids if call_id in owner))
        if not owners:
            n_new += 1
        elif len(owners) == 1 and (_same(kept[owners[0]], step) or len(call_ids(kept[owners[0]])) > len(ids)):
            n_unchanged += 1
            continue
        else:
            n_changed += 1
        for step_id in owners[1:]:
            kept.pop(step_id, None)
        _replace(kept, owners[0] if owners else step.step_id, step)
        owner |= dict.fromkeys(ids, step.step_id)
    if n_new or n_changed or not path.exists():
        _write(path, kept.values())
    return MergeCount(n_new, n_changed, n_unchanged)


def call_ids(step: LoggedStep) -> list[str]:
    """What the step was made of, each with its format; a step that was not imported is made of itself."""
    source = step.extra.get("source")
    if isinstance(source, dict) and isinstance(source.get("ids"), list) and source["ids"]:
        return [f"{source.get('format')}-{call_id}" for call_id in source["ids"]]
    return [step.step_id]


def _replace(kept: dict[str, LoggedStep], step_id: str, step: LoggedStep) -> None:
    """Puts ``step`` where ``step_id`` stood."""
    if step_id == step.step_id:
        kept[step_id] = step
        return
    renamed = {step.step_id if key == step_id else key: step if key == step_id else old for key, old in kept.items()}
    kept.clear()
    kept.update(renamed)


def _same(old: LoggedStep, new: LoggedStep) -> bool:
    return logged_step_to_dict(old) == logged_step_to_dict(new)


def _existing(path: Path) -> dict[str, LoggedStep]:
    if not path.exists():
        return {}
    found = load_step_logs([path])
    if found.malformed:
        n_bad = len(found.malformed)
        raise ForeignLogError(
            f"{path} holds {n_bad} malformed line(s), first {found.malformed[0]}; write to a new file"
        )
    return {step.step_id: step for step in found.steps}


def _write(path: Path, steps: Iterable[LoggedStep]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write_step_log(draft, steps)
        os.replace(draft, path)
    except OSError as error:
        raise ForeignLogError(f"{path}: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)
