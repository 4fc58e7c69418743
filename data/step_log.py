"""The step log on disk: JSON Lines, gzipped JSON Lines, or Parquet, one step a row.

A malformed line stops nothing: it comes out as :class:`Malformed`, with its number and the reason, and goes to a
quarantine file, so that nothing is dropped in silence. So does the place where a compressed file breaks off.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from gzip import BadGzipFile, GzipFile
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from pydantic_core import from_json

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import LogError, RecordError
from tierwise.data.foreign import TooLargeError
from tierwise.data.foreign.limits import MAX_LINE_CHARS, MAX_LINE_VALUES, MAX_QUARANTINED_CHARS
from tierwise.data.foreign.lines import bounded_lines
from tierwise.data.parquet import read_parquet_rows, write_parquet_rows
from tierwise.data.parsing import parse_logged_step
from tierwise.data.records import LoggedStep
from tierwise.data.sensitive.text import redact_text
from tierwise.data.serialise import logged_step_to_dict


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that could not be read. ``line_number`` counts from 1; ``raw`` is the line as it stood."""

    path: str
    line_number: int
    reason: str
    raw: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line_number}: {self.reason}"


@dataclass(frozen=True, slots=True)
class StepLog:
    """What was read of one or more log files, in order."""

    steps: tuple[LoggedStep, ...]
    malformed: tuple[Malformed, ...] = ()


Raw = str | dict[str, Any] | EOFError | TooLargeError

LOG_SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")


def log_files(source: Path | str) -> list[Path]:
    """The files of a log, in order: the file itself, or every log file in a folder and in the folders below it.

    Raises ``LogError`` for a folder without any.
    """
    path = Path(source)
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.name.endswith(LOG_SUFFIXES) and file.is_file())
    if not files:
        raise LogError(f"{path}: no log in this folder; its files should end in {', '.join(LOG_SUFFIXES)}")
    return files


def load_step_logs(
    paths: Sequence[Path | str], catalogue: TierCatalogue | None = None, with_outcomes: bool = True
) -> StepLog:
    """Reads whole logs, files or folders of files. With a catalogue, lines that name a tier outside it are malformed.

    Raises ``LogError`` for a file that cannot be read at all.
    """
    steps: list[LoggedStep] = []
    malformed: list[Malformed] = []
    for path in (file for source in paths for file in log_files(source)):
        for record in read_step_log(path, catalogue, with_outcomes):
            if isinstance(record, Malformed):
                malformed.append(record)
            else:
                steps.append(record)
    return StepLog(tuple(steps), tuple(malformed))


def read_step_log(
    path: Path | str, catalogue: TierCatalogue | None = None, with_outcomes: bool = True
) -> Iterator[LoggedStep | Malformed]:
    """Streams one log file. ``with_outcomes`` false leaves attempts and decisions unread."""
    path = Path(path)
    for number, raw in _raw_records(path):
        try:
            if isinstance(raw, EOFError):
                raise RecordError("", f"the file is damaged from here on: {raw}")
            if isinstance(raw, TooLargeError):
                raise RecordError("", str(raw))
            logged = parse_logged_step(_decoded(raw), with_outcomes)
            if catalogue is not None:
                _check_tiers(logged, catalogue)
        except RecordError as error:
            yield Malformed(str(path), number, str(error), _shown(raw))
        else:
            yield logged


def write_step_log(path: Path | str, steps: Iterable[LoggedStep]) -> int:
    """Writes a log in the format that the suffix names; returns the number of steps."""
    path = Path(path)
    rows = (logged_step_to_dict(step) for step in steps)
    if path.suffix == ".parquet":
        return write_parquet_rows(path, rows)
    n_steps = 0
    with _open_text(path, "w") as file:
        for row in rows:
            file.write(_encoded(row) + "\n")
            n_steps += 1
    return n_steps


def write_quarantine(path: Path | str, malformed: Iterable[Malformed]) -> None:
    """Appends malformed lines to a JSON Lines file: where each stood, why it was refused, and the line itself, without
    secrets and cut after ``MAX_QUARANTINED_CHARS``."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with _open_text(Path(path), "a") as file:
        for line in malformed:
            raw, reason = redact_text(line.raw[:MAX_QUARANTINED_CHARS]), redact_text(line.reason)
            row = {"path": line.path, "line_number": line.line_number, "reason": reason, "raw": raw}
            file.write(json.dumps(row) + "\n")


def _raw_records(path: Path) -> Iterator[tuple[int, Raw]]:
    """Numbered lines or rows; an ``EOFError`` stands where a compressed file breaks off after its first line."""
    if path.suffix == ".parquet":
        yield from enumerate(read_parquet_rows(path), start=1)
        return
    number = 0
    try:
        with _open_text(path, "r") as file:
            for number, line in enumerate(bounded_lines(file, MAX_LINE_CHARS), start=1):
                if isinstance(line, TooLargeError) or line.strip():
                    yield number, line if isinstance(line, TooLargeError) else line.rstrip("\n")
    except (EOFError, BadGzipFile, zlib.error) as error:
        if not number:
            raise LogError(f"{path}: {error}") from None
        yield number + 1, EOFError(str(error))
    except OSError as error:
        raise LogError(f"{path}: {error.strerror or error}") from None


def _decoded(raw: str | dict[str, Any]) -> object:
    if not isinstance(raw, str):
        return raw
    if raw.count(",") + raw.count("[") + raw.count("{") > MAX_LINE_VALUES:
        raise RecordError("", f"may hold more than {MAX_LINE_VALUES} values")
    try:
        return from_json(raw)  # four times as fast; what it refuses, the other refuses in words or takes
    except (ValueError, TypeError):  # TypeError: half a character, which no UTF-8 can hold
        pass
    try:
        return json.loads(raw)
    except RecursionError:
        raise RecordError("", "the JSON is nested too deeply") from None
    except ValueError as error:
        raise RecordError("", f"not JSON: {error}") from None


def _shown(raw: Raw) -> str:
    if isinstance(raw, dict):
        return json.dumps(raw, default=str)
    return raw if isinstance(raw, str) else ""


def _encoded(row: dict[str, Any]) -> str:
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=str)
    try:
        line.encode()
    except UnicodeEncodeError:  # half a surrogate pair in an unknown field
        return json.dumps(row, separators=(",", ":"), default=str)
    return line


def _check_tiers(logged: LoggedStep, catalogue: TierCatalogue) -> None:
    for i, attempt in enumerate(logged.attempts):
        if attempt.tier not in catalogue.names:
            known = ", ".join(catalogue.names)
            raise RecordError(f"attempts[{i}].tier", f"'{attempt.tier}' is not in the catalogue ({known}); see --tiers")


def _open_text(path: Path, mode: str) -> IO[str]:
    """Bytes that are not UTF-8 become surrogates, so that one bad line cannot stop the rest."""
    encoding = "utf-8-sig" if mode == "r" else "utf-8"  # a byte order mark is no part of the first line
    if path.suffix == ".gz":
        return TextIOWrapper(GzipFile(path, f"{mode}b"), encoding=encoding, errors="surrogateescape")
    return open(path, mode, encoding=encoding, errors="surrogateescape")
