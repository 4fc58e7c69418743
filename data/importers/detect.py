"""Which format a file is in: the one whose reader finds calls in it."""

import gzip
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from tierwise.data.errors import TierwiseError
from tierwise.data.foreign.limits import MAX_LINE_CHARS
from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.importers.formats import FORMATS, Format
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.records import Call
from tierwise.data.importers.unread import describe_unread

OWN = "tierwise"
"""The step log itself, which is taken over as it is."""
_N_RECORDS = 200
"""A log may begin with frames, scores or metadata; calls come soon after."""


def detect_format(sources: Sequence[str], mapping: ImportMap) -> str:
    """The name of the format that ``sources`` are in.

    Raises ``ForeignLogError`` where no reader finds calls in the first records, or more than one does.
    """
    shown, paths = ", ".join(sources), [Path(source) for source in sources]
    missing = [source for source, path in zip(sources, paths, strict=True) if not path.exists()]
    if missing:
        raise ForeignLogError(f"{', '.join(missing)}: no such file; an address needs its format with --from")
    if any(path.suffix == ".csv" for path in paths):
        return "csv"
    if all(_is_own(path) for path in paths):
        return OWN
    found = [name for name, form in FORMATS.items() if name != "csv" and _finds_calls(form, paths, mapping)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ForeignLogError(f"{shown}: could be {' or '.join(found)}; name the format with --from")
    told = describe_unread(paths)
    if told is not None:
        raise ForeignLogError(told)
    raise ForeignLogError(
        f"{shown}: no LLM call found in the first records in any format; name it with --from to see what is missing "
        f"(known: {', '.join(FORMATS)})"
    )


def _is_own(path: Path) -> bool:
    """Whether the file begins with a step of our own format."""
    if path.suffix == ".parquet":
        return True
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            first = json.loads(lines.readline(MAX_LINE_CHARS))
    except (OSError, ValueError, EOFError, RecursionError):
        return False
    return isinstance(first, dict) and {"step_id", "step"} <= first.keys()


def _finds_calls(form: Format, paths: Sequence[Path], mapping: ImportMap) -> bool:
    try:
        return any(isinstance(record, Call) for record in islice(form.read(paths, mapping), _N_RECORDS))
    except (TierwiseError, OSError, ValueError):
        return False
