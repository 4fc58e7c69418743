"""An encoder folder in the making: settings with digests, provenance, and the move to its place when it is proven."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tierwise.features.encoders.settings import GRAPH_FILE, TOKENIZER_FILE, EncoderSettings, sha256_of
from tierwise.training.encoders.parity import VectorParity
from tierwise.training.encoders.source import SourceModel

PROVENANCE_FILE = "provenance.json"
# Head and tail each, so four characters a token in all: about what English needs.
CHARS_PER_TOKEN = 2


@dataclass(frozen=True, slots=True)
class EncoderExport:
    """An encoder folder that was written, with its proof.

    `exact` compares the encoder before rounding to int8 with what it was made from, `served` the file that serves.
    """

    folder: Path
    settings: EncoderSettings
    size_bytes: int
    exact: VectorParity
    served: VectorParity


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an encoder was made, in words and figures, for `provenance.json`."""

    method: str
    parameters: Mapping[str, str | int | float]
    packages: tuple[str, ...]


@contextmanager
def staging() -> Iterator[Path]:
    """An empty folder to build in, gone afterwards: what fails its proof leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="tierwise-encoder-") as name:
        yield Path(name)


def seal(folder: Path, *, kind: str, dim: int, max_tokens: int) -> EncoderSettings:
    """Write `encoder.json` with the digests of graph and tokenizer."""
    settings = EncoderSettings(
        kind=kind,
        dim=dim,
        max_tokens=max_tokens,
        head_chars=CHARS_PER_TOKEN * max_tokens,
        tail_chars=CHARS_PER_TOKEN * max_tokens,
        files={name: sha256_of(folder / name) for name in (GRAPH_FILE, TOKENIZER_FILE)},
    )
    settings.save(folder)
    return settings


def write_provenance(
    folder: Path,
    source: SourceModel,
    settings: EncoderSettings,
    recipe: Recipe,
    *,
    exact: VectorParity,
    served: VectorParity,
) -> None:
    """Write `provenance.json`: source and digests, recipe and versions, agreement, date."""
    content = {
        "source": {
            "model": source.name,
            "package": source.package,
            "weights_sha256": source.weights_sha256,
            "licence": source.licence,
        },
        "recipe": {
            "method": recipe.method,
            "parameters": dict(recipe.parameters),
            "versions": {name: version(name) for name in recipe.packages},
        },
        "dim": settings.dim,
        "agreement": {"before_int8": asdict(exact), "served": asdict(served)},
        "files": dict(settings.files),
        "made_on": datetime.now(UTC).date().isoformat(),
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / PROVENANCE_FILE).write_text(text + "\n", encoding="utf-8")


def publish(folder: Path, out_dir: Path) -> None:
    """Move the finished files into `out_dir`, replacing an earlier export there."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        shutil.move(path, out_dir / path.name)
