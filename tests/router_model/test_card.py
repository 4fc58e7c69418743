"""The router card: tested by its difference from the one that is kept beside this test."""

import difflib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.features.structural import FORM_NAMES
from tierwise.router_model.accepting.course_menu import CertifiedCourse, CourseMenu, CoursePart, single_shot
from tierwise.router_model.bundle import read_bundle, read_card
from tierwise.router_model.card import router_card
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.parts import Part
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.router import Router

KEPT = Path(__file__).with_name("card.md")
SECRET = "sk-abcdefghijklmnop1234567890"
NOTHING = OperatingPoint(0.0, None, 0.0, 0.0, 0.0)
POINTS = (NOTHING, OperatingPoint(0.03, 0.02, 0.019, 0.0295, 0.23), OperatingPoint(0.1, 0.2, 0.08, 0.099, 0.46))
PART = Part("routine", ("classify", "extract"), POINTS, (0, 1, 2), 900, 90, 80.0)
POLICY = Policy(
    POINTS, 1.0, 0.9, 1200, is_relative=True, part_field="task_type", n_tasks=120, n_effective=101.6,
    parts=(PART, Part("plans", ("plan",), (NOTHING,), (2,), 300, 30, 21.0, missing="mid was tried in 4 tasks")),
)  # fmt: skip
MENU = CourseMenu(
    "task_type",
    (
        CoursePart(("classify", "extract"), (CertifiedCourse(0.03, (0, 1), "learned", 0.1, 0.02, 0.41),)),
        CoursePart(("plan",), (single_shot(0.03),)),
    ),
    (),
    (),
)
CATALOGUE = TierCatalogue.from_mapping(
    {"tiers": [{"name": name, "models": [{"name": f"{name}-1"}]} for name in ("small", "mid")] + [{"name": "frontier"}]}
)
VOCABULARIES = {"task_type": ("classify", "extract", "plan"), "agent": ("billing",), "node": ()}
MANIFEST: Mapping[str, Any] = {
    "data_fingerprint": "0123456789abcdef",
    "training": {
        "n_steps": 1200, "n_complete": 700, "n_simulated": 12, "n_assumed_labels": 3, "n_tasks": 120, "seed": 7,
        "target": "success", "n_rounds": 200, "tierwise": "0.1.0", "trained_by": "the platform team",
    },
}  # fmt: skip


def test_the_card_is_the_one_that_is_kept() -> None:
    """Where it should read otherwise, write the text that is found over the file and read the difference."""
    found = router_card(CATALOGUE, POLICY, VOCABULARIES, (), MENU, MANIFEST)
    kept = KEPT.read_text(encoding="utf-8")
    assert found == kept, "\n".join(difflib.unified_diff(kept.splitlines(), found.splitlines(), "kept", "found"))


def test_what_was_looked_at_is_not_listed_as_untested() -> None:
    manifest = {"training": {**MANIFEST["training"], "n_simulated": 0, "n_complete": 1200}}
    policy = replace(POLICY, cascades=((NOTHING,),))
    card = router_card(CATALOGUE, policy, VOCABULARIES, FORM_NAMES[:1], MENU, manifest)
    untested = card.partition("## Not tested on")[2].partition("##")[0]
    assert untested.count("- ") == 2, untested


def test_nothing_certified_and_nothing_said_is_told() -> None:
    card = router_card(CATALOGUE, Policy((NOTHING,), 1.0, 0.9, 0, missing="no tier but the top"), {}, (), None, {})
    assert card.count("nothing is certified") == 6
    assert "No tier but the top." in card
    assert "Nobody said." in card
    assert "no answer is ever judged" in card


@pytest.mark.parametrize("place", ["tier", "model", "task_type", "agent", "part", "who", "missing"])
def test_no_secret_in_a_name_reaches_the_card(place: str) -> None:
    tiers = [{"name": "small", "models": [{"name": "small-1"}]}, {"name": "frontier"}]
    vocabularies, policy, training = dict(VOCABULARIES), POLICY, dict(MANIFEST["training"])
    if place == "tier":
        tiers[0]["name"] = SECRET
    elif place == "model":
        tiers[0]["models"] = [{"name": SECRET}]
    elif place in vocabularies:
        vocabularies[place] = (SECRET,)
    elif place == "part":
        policy = replace(POLICY, parts=(replace(PART, values=(SECRET,)),))
    elif place == "missing":
        policy = replace(POLICY, parts=(replace(PART, missing=SECRET),))
    else:
        training["trained_by"] = SECRET
    card = router_card(
        TierCatalogue.from_mapping({"tiers": tiers}), policy, vocabularies, (), None, {"training": training}
    )
    assert SECRET not in card
    assert "[secret]" in card


def test_a_bundle_holds_the_card_of_its_parts(bundle_folder: Path) -> None:
    bundle = read_bundle(bundle_folder)
    assert read_card(bundle_folder) == bundle.parts.card(bundle.manifest)
    assert f"- {bundle.manifest['training']['n_steps']} steps of" in read_card(bundle_folder)


def test_a_bundle_of_before_loads_as_it_did_and_has_a_card_made(bundle_folder: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(bundle_folder, tmp_path / "old"))
    card = (old / "card.md").read_text(encoding="utf-8")
    (old / "card.md").unlink()
    manifest = json.loads((old / "manifest.json").read_text())
    del manifest["files"]["card.md"]
    manifest["router_version"] = sha256(json.dumps(dict(sorted(manifest["files"].items()))).encode()).hexdigest()[:12]
    (old / "manifest.json").write_text(json.dumps(manifest))
    assert Router.load(old).version == manifest["router_version"]
    assert read_card(old) == card
