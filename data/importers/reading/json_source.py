"""JSON files of any layout: lines, one document, an array, or documents one after the other; gzipped or not.

A file that breaks off in the middle gives every record up to the break, and the rest as one malformed record.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import Any

from tierwise.data.foreign.limits import MAX_LINE_CHARS, MAX_RATIO, MIN_UNPACKED_BYTES
from tierwise.data.importers.errors import UNREADABLE, ForeignLogError, why
from tierwise.data.step_log import Malformed

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
_MAX_RAW_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class Numbered:
    """A JSON object and where it stood: the line, or the position in the array, counting from 1."""

    path: str
    number: int
    value: Mapping[str, Any]

    def malformed(self, reason: str) -> Malformed:
        return Malformed(self.path, self.number, reason, json.dumps(self.value, default=str))


def read_json_objects(path: Path, container_keys: tuple[str, ...] = ()) -> Iterator[Numbered | Malformed]:
    """The objects of a file. An object with a list under one of ``container_keys`` stands for the objects of the list.

    Raises ``ForeignLogError`` for a file that cannot be read at all.
    """
    for number, value in _values(path, container_keys):
        if isinstance(value, Malformed):
            yield value
            continue
        for item in _contained(value, container_keys):
            if isinstance(item, Mapping):
                yield Numbered(str(path), number, item)
            else:
                yield Malformed(str(path), number, "is no JSON object", json.dumps(item, default=str))


def tried(record: Numbered, take: Callable[..., None], *told: Any, where: str = "") -> Iterator[Malformed]:
    """Calls ``take`` with what is ``told``. What cannot be read is reported, ``where`` first, and stops nothing."""
    try:
        take(*told)
    except UNREADABLE as error:
        yield record.malformed(f"{where}{why(error)}")


def guarded(record: Numbered, found: Iterator[Any]) -> Iterator[Any]:
    """What was found in a record; one that cannot be read is reported and stops nothing."""
    try:
        yield from found
    except UNREADABLE as error:
        yield record.malformed(why(error))


def mentions(path: Path, word: str) -> bool:
    """Whether ``word`` stands anywhere in the file. Raises ``ForeignLogError`` for one that cannot be read."""
    return word in _text(path)[0]


def _contained(value: object, keys: tuple[str, ...]) -> list[object]:
    if isinstance(value, Mapping):
        for key in keys:
            if isinstance(value.get(key), list):
                return list(value[key])
    return [value]


def _values(path: Path, container_keys: tuple[str, ...]) -> Iterator[tuple[int, object]]:
    text, damage = _text(path)
    first_line, _, rest = text.lstrip(_SPACE).partition("\n")
    if first_line.startswith("[") or (rest and not _is_json(first_line) and not _is_json(rest.partition("\n")[0])):
        yield from _document_values(path, _opened(text, container_keys))
    else:
        yield from _line_values(path, text)
    if damage:
        yield 0, Malformed(str(path), 0, f"the file is damaged at its end: {damage}", "")


def _line_values(path: Path, text: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE_CHARS:
            yield (
                number,
                Malformed(str(path), number, f"has more than {MAX_LINE_CHARS} characters", line[:_MAX_RAW_CHARS]),
            )
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, Malformed(str(path), number, f"not JSON: {error}", line)


def _document_values(path: Path, text: str) -> Iterator[tuple[int, object]]:
    """Values one after the other, or the items of an array; commas and brackets between them are passed over."""
    position, number = 0, 0
    is_array = text.lstrip(_SPACE).startswith("[")
    between = _SPACE + (",[]" if is_array else "")
    while True:
        while position < len(text) and text[position] in between:
            position += 1
        if position >= len(text):
            break
        number += 1
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            rest = text[position : position + _MAX_RAW_CHARS]
            yield number, Malformed(str(path), number, f"not JSON from here on: {error}", rest)
            return
        yield number, value
    if is_array and not text.rstrip(_SPACE).endswith("]"):
        yield number + 1, Malformed(str(path), number + 1, "the array is not closed; the export broke off here", "")


def _opened(text: str, container_keys: tuple[str, ...]) -> str:
    """A document that broke off inside its list of records, from that list on; any other text as it is."""
    if _is_json(text) or not container_keys:
        return text
    head = re.match(rf'\s*{{\s*"(?:{"|".join(container_keys)})"\s*:\s*(?=\[)', text)
    return text[head.end() :] if head else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _text(path: Path) -> tuple[str, str | None]:
    """The file's text, and what is wrong with its compression, if anything."""
    damage = None
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ForeignLogError(f"{path}: {error.strerror or error}") from None
    if path.suffix == ".gz":
        raw, damage = _unpacked(path, raw)
    return raw.decode("utf-8-sig", errors="surrogateescape"), damage


def _unpacked(path: Path, raw: bytes) -> tuple[bytes, str | None]:
    from io import BytesIO

    parts, n_left = [], max(MIN_UNPACKED_BYTES, MAX_RATIO * len(raw))
    try:
        with GzipFile(fileobj=BytesIO(raw)) as file:
            while part := file.read(65_536):
                parts.append(part)
                n_left -= len(part)
                if n_left < 0:
                    raise ForeignLogError(f"{path} unpacks to more than {MAX_RATIO} times its size; unpack it yourself")
    except (EOFError, BadGzipFile, zlib.error) as error:
        if not parts:
            raise ForeignLogError(f"{path}: {error}") from None
        return b"".join(parts), str(error)
    return b"".join(parts), None
