"""map.toml: what of a foreign log proves success, where agents and nodes stand, and which tier odd models are.

Without one, only what needs no opinion is read: errors that the model caused, answers that break the schema which
was asked for, and calls that were repeated on a dearer tier. A verdict is used only under a rule that names it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.importers.reading.records import Labels

_LABEL_PATHS: Mapping[str, tuple[str, ...]] = {
    "agent": ("tierwise.agent", "gen_ai.agent.name", "metadata.agent", "agent_name", "agent"),
    "node": ("tierwise.node", "metadata.langgraph_node", "langgraph_node", "metadata.node", "node"),
    "task_type": ("tierwise.task_type", "metadata.task_type", "task_type"),
    "task_id": ("tierwise.task_id", "metadata.task_id", "task_id"),
    "session_id": (
        "tierwise.session_id", "session.id", "gen_ai.conversation.id", "metadata.session_id", "metadata.thread_id",
        "metadata.conversation_id",
    ),
    "decision_id": ("tierwise.decision_id", "metadata.decision_id", "decision_id"),
    "group": ("tierwise.group", "metadata.group"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SuccessRule:
    """When a signal means success. Either a threshold, or lists of values; a value in neither list says nothing."""

    at_least: float | None = None
    at_most: float | None = None
    success: tuple[object, ...] = ()
    failure: tuple[object, ...] = ()

    def verdict(self, value: bool | float | str) -> bool | None:
        """True, False, or None where the rule has no opinion on ``value``."""
        for is_success, listed in ((True, self.success), (False, self.failure)):
            if any(_same(value, item) for item in listed):
                return is_success
        number = _number(value)
        if number is None or (self.at_least is None and self.at_most is None):
            return None
        above = self.at_least is None or number >= self.at_least
        return above and (self.at_most is None or number <= self.at_most)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What counts as negative evidence without anybody's verdict; see docs/guides/import.md for each."""

    errors: tuple[str, ...] | None = None
    schema: str = "fails"
    escalation: str = "fails"
    task_verdicts: str = "single"
    finish_reasons: tuple[str, ...] = ()


_CHOICES = {
    "schema": ("off", "fails", "decides"),
    "escalation": ("off", "fails"),
    "task_verdicts": ("single", "spread"),
}


@dataclass(frozen=True, slots=True)
class ImportMap:
    """A read map.toml; the default one is what holds without a file."""

    success: Mapping[str, SuccessRule] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    csv: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None) -> "ImportMap":
        """Reads map.toml. Raises ``ForeignLogError`` with the key and the fix."""
        if path is None:
            return cls()
        try:
            return cls.from_mapping(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise ForeignLogError(f"{path}: {error.strerror or error}") from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, ForeignLogError) as error:
            raise ForeignLogError(f"{path}: {error}") from None

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "ImportMap":
        _refuse_unknown(raw, {f.name for f in fields(cls)}, "map.toml")
        label_paths = {key: _texts(value, f"[fields] {key}") for key, value in _table(raw, "fields").items()}
        _refuse_unknown(label_paths, set(_LABEL_PATHS), "[fields]")
        return cls(
            success={name: _rule(name, rule) for name, rule in _table(raw, "success").items()},
            evidence=_evidence(_table(raw, "evidence")),
            fields=label_paths,
            models={name: _text(tier, f"[models] {name}") for name, tier in _table(raw, "models").items()},
            csv={key: _text(column, f"[csv] {key}") for key, column in _table(raw, "csv").items()},
        )

    def rule(self, signal: str) -> SuccessRule | None:
        """The rule for a signal's name: the exact one, or the first whose pattern (``eval.*``) fits."""
        return self.named_rule(signal)[1]

    def named_rule(self, signal: str) -> tuple[str, SuccessRule | None]:
        """The rule for a signal's name, and under which name or pattern it stands."""
        if signal in self.success:
            return signal, self.success[signal]
        fitting = ((pattern, rule) for pattern, rule in self.success.items() if fnmatchcase(signal, pattern))
        return next(fitting, (signal, None))

    def labels(self, record: Mapping[str, Any]) -> Labels:
        """Looks every label up in ``record`` by its paths; own paths come before the usual ones."""
        found: dict[str, str | None] = {}
        for label, usual in _LABEL_PATHS.items():
            values = (look_up(record, path) for path in (*self.fields.get(label, ()), *usual))
            found[label] = next((str(value) for value in values if _is_name(value)), None)
        return Labels(**found)


def look_up(record: Mapping[str, Any], path: str) -> object:
    """The value at a dotted path; a key that itself has dots in it (``session.id``) is found too."""
    if path in record:
        return record[path]
    head, _, rest = path.partition(".")
    inner = record.get(head)
    return look_up(inner, rest) if rest and isinstance(inner, Mapping) else None


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _same(value: object, item: object) -> bool:
    if isinstance(value, bool) or isinstance(item, bool):
        return value is item or str(value).lower() == str(item).lower()
    if isinstance(value, str) and isinstance(item, str):
        return value.lower() == item.lower()
    return value == item


def _number(value: bool | float | str) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _rule(name: str, raw: object) -> SuccessRule:
    where = f"[success] {name}"
    if not isinstance(raw, Mapping) or not raw:
        raise ForeignLogError(
            f'{where} is {raw!r}; a rule such as {{ success = ["up"], failure = ["down"] }} is needed'
        )
    _refuse_unknown(raw, {"at_least", "at_most", "success", "failure"}, where)
    for key in ("at_least", "at_most"):
        if key in raw and (isinstance(raw[key], bool) or not isinstance(raw[key], int | float)):
            raise ForeignLogError(f"{where}: {key} is {raw[key]!r}; a number is needed")
    lists = {key: raw.get(key, []) for key in ("success", "failure")}
    return SuccessRule(
        at_least=raw.get("at_least"),
        at_most=raw.get("at_most"),
        **{key: tuple(value) if isinstance(value, list) else (value,) for key, value in lists.items()},
    )


def _evidence(raw: Mapping[str, Any]) -> Evidence:
    _refuse_unknown(raw, {f.name for f in fields(Evidence)}, "[evidence]")
    for key, known in _CHOICES.items():
        if key in raw and raw[key] not in known:
            raise ForeignLogError(f"[evidence] {key} is {raw[key]!r}; one of {', '.join(known)} is needed")
    lists = {key: _texts(raw[key], f"[evidence] {key}") for key in ("errors", "finish_reasons") if key in raw}
    return Evidence(**({key: raw[key] for key in _CHOICES if key in raw} | lists))


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key, {})
    if not isinstance(value, Mapping):
        raise ForeignLogError(f"{key} is {value!r}; a table [{key}] is needed")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ForeignLogError(f"{where} is {value!r}; a text is needed")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_text(item, where) for item in items)


def _refuse_unknown(raw: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise ForeignLogError(f"{where}: unknown key '{unknown[0]}'; known are {', '.join(sorted(known))}")
