"""`encoder.json`: what kind of encoder a folder holds, how it cuts long texts, and the digests of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tierwise.data.errors import TierwiseError

GRAPH_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"
SETTINGS_FILE = "encoder.json"
FORMAT_VERSION = 1
KINDS = ("static", "transformer")


class EncoderError(TierwiseError):
    """An encoder folder that cannot be used, or a text argument that is not one."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """The content of `encoder.json`.

    `max_tokens` counts every token the graph sees, special tokens included; `head_chars` and `tail_chars` bound what
    is tokenised at all. `files` maps a file name to the sha256 of its bytes.
    """

    kind: str
    dim: int
    max_tokens: int
    head_chars: int
    tail_chars: int
    files: Mapping[str, str]
    format_version: int = FORMAT_VERSION

    @property
    def digest(self) -> str:
        """The sha256 of `encoder.onnx`."""
        return self.files[GRAPH_FILE]

    def save(self, folder: Path) -> None:
        """Write `encoder.json` into the folder."""
        text = json.dumps(asdict(self) | {"files": dict(self.files)}, indent=2, sort_keys=True)
        (folder / SETTINGS_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> EncoderSettings:
        """Read and check `encoder.json`; every file it names must be there with its digest."""
        settings = cls.from_dict(_read_object(folder / SETTINGS_FILE), folder)
        for name, expected in settings.files.items():
            path = folder / name
            if not path.is_file():
                raise EncoderError(f"encoder folder {folder} lacks {name}; copy or export it again")
            if (found := sha256_of(path)) != expected:
                raise EncoderError(
                    f"{path} has sha256 {found[:12]}, {SETTINGS_FILE} says {expected[:12]}: "
                    "the files belong to different encoders; copy or export them together"
                )
        return settings

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source: Path) -> EncoderSettings:
        """Check the fields of a parsed `encoder.json`; `source` is named in errors."""
        if content.get("format_version") != FORMAT_VERSION:
            raise EncoderError(
                f"{source}: encoder format {content.get('format_version')!r} is not {FORMAT_VERSION}; "
                "export the encoder with this version of tierwise"
            )
        names = {field.name for field in fields(cls)}
        if content.keys() != names:
            raise EncoderError(f"{source}: {SETTINGS_FILE} has the wrong keys {sorted(content.keys() ^ names)}")
        if content["kind"] not in KINDS:
            raise EncoderError(f"{source}: encoder kind {content['kind']!r} is none of {', '.join(KINDS)}")
        for name in ("dim", "max_tokens", "head_chars", "tail_chars"):
            if type(content[name]) is not int or content[name] < 1:
                raise EncoderError(f"{source}: {name} must be a positive whole number, not {content[name]!r}")
        files = content["files"]
        if not isinstance(files, dict) or not {GRAPH_FILE, TOKENIZER_FILE} <= files.keys():
            raise EncoderError(f"{source}: files must give the sha256 of {GRAPH_FILE} and {TOKENIZER_FILE}")
        return cls(**content)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_object(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EncoderError(f"no {SETTINGS_FILE} in {path.parent}; make one with `tierwise encoder export`") from None
    except ValueError as error:
        raise EncoderError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise EncoderError(f"{path} must hold a JSON object, not {type(content).__name__}")
    return content
