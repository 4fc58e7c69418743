"""The bundle on disk: written as a whole, read as a whole or refused with a reason, whatever happened to it."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.records import LoggedStep
from tierwise.router_model.bundle import BundleError, read_bundle, write_bundle
from tierwise.router_model.router import Router

FILES = [
    "acceptance.json",
    "acceptance_answer.onnx",
    "acceptance_top.onnx",
    "calibration.json",
    "card.md",
    "cost.onnx",
    "courses.json",
    "encoder.json",
    "encoder.onnx",
    "familiarity.json",
    "familiarity.npy",
    "features.json",
    "golden.jsonl",
    "linear.json",
    "logged.json",
    "policy.json",
    "router.onnx",
    "tiers.json",
    "tokenizer.json",
]


@pytest.fixture
def copy(bundle_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path / "bundle"))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def put(folder: Path, name: str, content: bytes) -> None:
    """Replaces a file and its digest: what somebody else's program, not a broken disk, would leave."""
    (folder / name).write_bytes(content)
    change_manifest(folder, lambda manifest: manifest["files"].update({name: sha256(content).hexdigest()}))
    files = json.loads((folder / "manifest.json").read_text())["files"]
    version = sha256(json.dumps(dict(sorted(files.items()))).encode()).hexdigest()[:12]
    change_manifest(folder, lambda manifest: manifest.update(router_version=version))


def test_every_file_has_its_digest_and_nothing_is_executable_or_pickled(bundle_folder: Path) -> None:
    manifest = json.loads((bundle_folder / "manifest.json").read_text())
    assert sorted(manifest["files"]) == FILES
    assert sorted(path.name for path in bundle_folder.iterdir()) == sorted([*FILES, "manifest.json"])
    assert {"data_fingerprint", "feature_fingerprint", "training", "format_version"} <= manifest.keys()


def test_what_was_written_is_what_is_read(bundle_folder: Path, tmp_path: Path) -> None:
    bundle = read_bundle(bundle_folder)
    again = tmp_path / "deep" / "again"
    rest = {key: bundle.manifest[key] for key in ("data_fingerprint", "training")}
    version = write_bundle(again, bundle.parts, [dict(row) for row in bundle.golden], rest)
    assert version == bundle.version
    assert all((again / name).read_bytes() == (bundle_folder / name).read_bytes() for name in FILES)
    assert list(again.parent.iterdir()) == [again]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_cut_or_changed_is_named(name: str, copy: Path) -> None:
    content = (copy / name).read_bytes()
    for broken in (content[: len(content) // 2], b"", content + b" "):
        (copy / name).write_bytes(broken)
        with pytest.raises(BundleError, match=f"{name} does not have the digest of the manifest; copy the whole"):
            Router.load(copy)
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f"lacks {name}; copy the whole bundle again"):
        Router.load(copy)


@pytest.mark.parametrize("name", sorted({*FILES} - {"card.md"}))
def test_a_file_that_has_its_digest_and_makes_no_sense_is_refused(name: str, copy: Path) -> None:
    put(copy, name, b'{"no": "sense"}')
    with pytest.raises(BundleError, match="bundle"):
        Router.load(copy)


@pytest.mark.parametrize("key", ["format_version", "files", "feature_fingerprint", "router_version"])
def test_a_manifest_without_what_is_needed_is_refused(key: str, copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest.pop(key))
    with pytest.raises(BundleError, match=f"no manifest: .*{key}"):
        Router.load(copy)


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "{}"])
def test_something_else_in_the_place_of_the_manifest_is_refused(content: str, copy: Path) -> None:
    (copy / "manifest.json").write_text(content)
    with pytest.raises(BundleError, match="is no manifest"):
        Router.load(copy)


def test_a_file_that_the_manifest_forgot_is_refused(copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest["files"].pop("policy.json"))
    with pytest.raises(BundleError, match=r"does not list policy\.json"):
        Router.load(copy)


def test_another_format_and_other_features_are_refused(copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest.update(feature_fingerprint="0" * 64))
    with pytest.raises(BundleError, match="was trained with other features"):
        Router.load(copy)
    change_manifest(copy, lambda manifest: manifest.update(format_version=99))
    with pytest.raises(BundleError, match="has format 99; this version reads 1"):
        Router.load(copy)


def test_a_bundle_of_an_older_feature_schema_is_refused_in_words(copy: Path) -> None:
    features = json.loads((copy / "features.json").read_text())
    put(copy, "features.json", json.dumps(features | {"schema_version": 1}).encode())
    with pytest.raises(BundleError, match=r"features are those of schema 1.* computes 3; train the router again"):
        Router.load(copy)


def test_golden_rows_that_come_out_different_are_refused(copy: Path) -> None:
    rows = [json.loads(line) for line in (copy / "golden.jsonl").read_text().splitlines()]
    assert len(rows) == 12
    rows[4]["p_success"]["mid"] += 0.01
    put(copy, "golden.jsonl", "\n".join(json.dumps(row) for row in rows).encode())
    with pytest.raises(BundleError, match="golden row 5 comes out different"):
        Router.load(copy)


def test_a_router_version_that_the_files_do_not_have_is_refused(copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest.update(router_version="0123456789ab"))
    with pytest.raises(BundleError, match="router_version that its files do not have"):
        Router.load(copy)


def test_weights_outside_of_the_graph_are_refused(copy: Path) -> None:
    graph = (copy / "encoder.onnx").read_bytes()
    put(copy, "encoder.onnx", graph + b"\x0a\x08location\x12\x07weights")
    with pytest.raises(BundleError, match="keeps weights in another file"):
        Router.load(copy)


@pytest.mark.parametrize("name", ["policy.json", "tiers.json", "features.json"])
def test_a_nest_is_refused(copy: Path, name: str) -> None:
    put(copy, name, b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    with pytest.raises(BundleError, match="cannot be read: RecursionError"):
        Router.load(copy)


def test_no_word_of_the_log_is_in_a_bundle(copy: Path) -> None:
    from tierwise.training.golden_steps import GOLDEN_STEPS

    rows = [json.loads(line) for line in (copy / "golden.jsonl").read_text().splitlines()]
    assert [row["step"].get("text", "") for row in rows] == [step.text for step in GOLDEN_STEPS]


def test_a_folder_of_other_things_is_neither_read_nor_written_over(
    bundle_folder: Path, tmp_path: Path, train_steps: tuple[LoggedStep, ...]
) -> None:
    (tmp_path / "thesis.txt").write_text(train_steps[0].step_id)
    with pytest.raises(BundleError, match=r"is no bundle: it has no manifest\.json"):
        read_bundle(tmp_path)
    with pytest.raises(BundleError, match="holds other files and is no bundle; name a new or empty folder"):
        write_bundle(tmp_path, read_bundle(bundle_folder).parts, [], {})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_bundle_is_replaced_as_a_whole(copy: Path, bundle_folder: Path) -> None:
    (copy / "left_over.json").write_text("{}")
    write_bundle(copy, read_bundle(bundle_folder).parts, [], {})
    assert sorted(path.name for path in copy.iterdir()) == sorted([*FILES, "manifest.json"])
