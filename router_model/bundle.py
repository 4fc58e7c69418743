"""The bundle: a trained router on disk. No pickle, no code; every file has its sha256 in the manifest.

A bundle is read as a whole or refused: digests, feature fingerprint and format are checked here, golden rows by
:class:`tierwise.router_model.router.Router`.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.encoders.settings import EncoderSettings
from tierwise.features.encoders.static import STATIC_FOLDER
from tierwise.features.pipeline import FeaturePipeline
from tierwise.features.schema import FeatureSchema
from tierwise.router_model.accepting.course_menu import COURSES_FILE
from tierwise.router_model.accepting.courses import CourseParts
from tierwise.router_model.card import CARD_FILE, router_card
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.knowing.familiarity import Familiarity
from tierwise.router_model.knowing.neighbours import NO_LOGGED_STEPS, LoggedSteps
from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.linear_chain import LinearChain
from tierwise.router_model.predicting.predictor import Predictor

FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.jsonl"
_EXTERNAL = b"\x0a\x08location\x12"  # the entry of ONNX that names a file of weights outside of the graph
_MANIFEST_KEYS = ("router_version", "feature_fingerprint", "files")
_ENCODER_FILES = ("encoder.onnx", "tokenizer.json", "encoder.json")
_ROUTER_FILES = (
    "router.onnx", "cost.onnx", "linear.json", "calibration.json", "policy.json", "tiers.json", "features.json",
    "familiarity.json", "familiarity.npy", "logged.json", GOLDEN_FILE,
)  # fmt: skip


class BundleError(TierwiseError):
    """A folder that is not a usable bundle. Whatever router is live stays live."""


@dataclass(frozen=True, slots=True)
class RouterParts:
    """Everything that a router decides with."""

    catalogue: TierCatalogue
    schema: FeatureSchema
    router_graph: bytes
    linear: LinearChain
    cost_graph: bytes
    calibration: Calibration
    policy: Policy
    familiarity: Familiarity
    encoder_folder: Path = STATIC_FOLDER
    logged: LoggedSteps = NO_LOGGED_STEPS
    courses: CourseParts | None = None

    def pipeline(self) -> FeaturePipeline:
        """Steps to vectors. Raises ``FeatureSchemaError`` when the encoder is not the one of the schema."""
        return FeaturePipeline(self.schema, load_encoder(self.encoder_folder))

    @property
    def has_transformer(self) -> bool:
        """Whether a decision takes milliseconds of CPU, as the encoder is a transformer."""
        return EncoderSettings.load(self.encoder_folder).kind == "transformer"

    def card(self, manifest: Mapping[str, Any]) -> str:
        """The router card, Markdown; ``manifest`` is what training adds to the bundle's."""
        varied = [self.schema.names[column] for column in self.familiarity.space.columns]
        menu = None if self.courses is None else self.courses.menu
        return router_card(self.catalogue, self.policy, self.schema.vocabularies, varied, menu, manifest)

    def predictor(self) -> Predictor:
        """Vectors to probabilities and costs; opens the graphs anew."""
        return Predictor(self.router_graph, self.linear, self.cost_graph, self.calibration)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as read from disk. ``golden`` are rows of ``golden.jsonl``."""

    folder: Path
    manifest: Mapping[str, Any]
    parts: RouterParts
    golden: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def version(self) -> str:
        """The router version: 12 hexadecimal digits that depend on every byte of the bundle's files."""
        return str(self.manifest["router_version"])


def check_bundle_folder(folder: Path | str) -> None:
    """Raises ``BundleError`` where no bundle can be written: a file, or a folder that holds anything else."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise BundleError(f"{folder} is a file; name a new or empty folder for the bundle")
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST_FILE).is_file():
        raise BundleError(f"{folder} holds other files and is no bundle; name a new or empty folder")


def write_bundle(
    folder: Path | str, parts: RouterParts, golden: list[dict[str, Any]], manifest: Mapping[str, Any]
) -> str:
    """Writes a bundle in one step (a temporary folder, then a rename) and returns its router version.

    ``manifest`` is what training adds: data fingerprint, training summary. An existing bundle is replaced; a folder
    that holds anything else is refused.
    """
    folder = Path(folder)
    check_bundle_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        version = _write_files(staging, parts, golden, manifest)
        staging.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return version


def read_bundle(folder: Path | str) -> Bundle:
    """Reads a bundle and checks its digests and fingerprint. Raises ``BundleError``."""
    folder = Path(folder)
    manifest = _read_manifest(folder)
    if manifest["router_version"] != _version(manifest["files"]):
        raise BundleError(f"{folder / MANIFEST_FILE} has a router_version that its files do not have; copy it again")
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file():
            raise BundleError(f"{folder} lacks {name}; copy the whole bundle again")
        content = (folder / name).read_bytes()
        if name.endswith(".onnx") and _EXTERNAL in content:
            raise BundleError(f"{folder / name} keeps weights in another file, which no digest covers; export it whole")
        if _digest(content) != expected:
            raise BundleError(f"{folder / name} does not have the digest of the manifest; copy the whole bundle again")
    try:
        parts = _read_parts(folder, COURSES_FILE in manifest["files"])
        golden = tuple(json.loads(line) for line in (folder / GOLDEN_FILE).read_text(encoding="utf-8").splitlines())
    except (KeyError, TypeError, ValueError, OSError, RecursionError, OverflowError, TierwiseError) as error:
        raise BundleError(f"the bundle {folder} cannot be read: {type(error).__name__}: {error}") from error
    if parts.schema.fingerprint != manifest["feature_fingerprint"]:
        raise BundleError(f"{folder} was trained with other features than this version computes; train it again")
    return Bundle(folder, manifest, parts, golden)


def read_card(folder: Path | str) -> str:
    """The router card of a bundle; one is made where the bundle is older than cards. Raises ``BundleError``."""
    path = Path(folder) / CARD_FILE
    if path.is_file():
        return path.read_text(encoding="utf-8")
    bundle = read_bundle(folder)
    return bundle.parts.card(bundle.manifest)


def _write_files(folder: Path, parts: RouterParts, golden: list[dict[str, Any]], manifest: Mapping[str, Any]) -> str:
    for name in _ENCODER_FILES:
        shutil.copyfile(parts.encoder_folder / name, folder / name)
    (folder / "router.onnx").write_bytes(parts.router_graph)
    (folder / "cost.onnx").write_bytes(parts.cost_graph)
    np.save(folder / "familiarity.npy", parts.familiarity.reference, allow_pickle=False)
    _write_json(folder / "calibration.json", parts.calibration.to_mapping())
    _write_json(folder / "linear.json", parts.linear.to_mapping())
    _write_json(folder / "policy.json", parts.policy.to_mapping())
    _write_json(folder / "tiers.json", parts.catalogue.to_mapping())
    _write_json(folder / "features.json", parts.schema.to_mapping())
    _write_json(folder / "familiarity.json", parts.familiarity.to_mapping())
    _write_json(folder / "logged.json", parts.logged.to_mapping())
    if parts.courses is not None:
        parts.courses.save(folder)
    (folder / CARD_FILE).write_text(parts.card(manifest), encoding="utf-8")
    (folder / GOLDEN_FILE).write_text("".join(json.dumps(row) + "\n" for row in golden), encoding="utf-8")
    files = {path.name: _digest(path.read_bytes()) for path in sorted(folder.iterdir())}
    version = _version(files)
    own = {
        "format_version": FORMAT_VERSION,
        "router_version": version,
        "feature_fingerprint": parts.schema.fingerprint,
        "files": files,
    }
    _write_json(folder / MANIFEST_FILE, own | dict(manifest))
    return version


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise BundleError(f"{folder} is no bundle: it has no {MANIFEST_FILE}; make one with `tierwise train`")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format_version"] != FORMAT_VERSION:
            raise BundleError(f"{path} has format {manifest['format_version']!r}; this version reads {FORMAT_VERSION}")
        needed = {key: manifest[key] for key in _MANIFEST_KEYS}
        unlisted = {*_ENCODER_FILES, *_ROUTER_FILES} - set(needed["files"])
        if any(Path(name).name != name for name in needed["files"]):
            raise BundleError(f"{path} lists a file outside of its folder; copy the whole bundle again")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"{path} is no manifest: {type(error).__name__}: {error}") from None
    if unlisted:
        raise BundleError(f"{path} does not list {min(unlisted)}; copy the whole bundle again")
    return dict(manifest)


def _read_parts(folder: Path, has_courses: bool) -> RouterParts:
    reference = np.load(folder / "familiarity.npy", allow_pickle=False)
    return RouterParts(
        catalogue=TierCatalogue.from_mapping(_read_json(folder / "tiers.json")),
        schema=FeatureSchema.from_mapping(_read_json(folder / "features.json")),
        router_graph=(folder / "router.onnx").read_bytes(),
        linear=LinearChain.from_mapping(_read_json(folder / "linear.json")),
        cost_graph=(folder / "cost.onnx").read_bytes(),
        calibration=Calibration.from_mapping(_read_json(folder / "calibration.json")),
        policy=Policy.from_mapping(_read_json(folder / "policy.json")),
        familiarity=Familiarity.from_mapping(_read_json(folder / "familiarity.json"), reference),
        encoder_folder=folder,
        logged=LoggedSteps.from_mapping(_read_json(folder / "logged.json")),
        courses=CourseParts.load(folder) if has_courses else None,
    )


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _version(files: Mapping[str, str]) -> str:
    return _digest(json.dumps(dict(sorted(files.items()))).encode())[:12]


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
