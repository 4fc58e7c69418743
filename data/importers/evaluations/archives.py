"""Zip archives of JSON files, also those packed with Zstandard, which Python's own reader learns in 3.14 only."""

import struct
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.program.extras import needs_extra

_ZSTANDARD = 93
_MAGIC = b"PK\x03\x04"
_HEADER_BYTES = 30


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive, whatever its name."""
    try:
        with path.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError as error:
        raise ForeignLogError(f"{path}: {error.strerror or error}") from None


def read_members(path: Path, beginnings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files whose names begin so, in the archive's order. Raises ``ForeignLogError``."""
    try:
        with ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.startswith(beginnings) and not member.is_dir():
                    yield member.filename, _content(path, archive, member)
    except BadZipFile as error:
        raise ForeignLogError(f"{path}: {error}; is the archive complete?") from None


def _content(path: Path, archive: ZipFile, member: ZipInfo) -> bytes:
    if member.compress_type != _ZSTANDARD:
        return archive.read(member)
    with needs_extra("train"):
        import pyarrow
    with path.open("rb") as file:
        file.seek(member.header_offset)
        name_bytes, extra_bytes = struct.unpack("<HH", file.read(_HEADER_BYTES)[26:30])
        file.seek(name_bytes + extra_bytes, 1)
        packed = file.read(member.compress_size)
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
        return bytes(stream.read())
