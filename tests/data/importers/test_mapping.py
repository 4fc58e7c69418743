"""map.toml: what rules say, and what is refused."""

from pathlib import Path

import pytest

from tierwise.data.importers import ForeignLogError, ImportMap


@pytest.mark.parametrize(
    ("rule", "value", "verdict"),
    [
        ({"at_least": 0.5}, 0.5, True),
        ({"at_least": 0.5}, 0.4, False),
        ({"at_least": 0.5}, "0.7", True),
        ({"at_most": 0.2}, 0.1, True),
        ({"at_most": 0.2}, 0.3, False),
        ({"at_least": 2, "at_most": 4}, 5, False),
        ({"at_least": 0.5}, "good", None),
        ({"at_least": 0.5}, True, None),  # a boolean needs a list: true may be the bad one
        ({"success": ["up"], "failure": ["down"]}, "UP", True),
        ({"success": ["up"], "failure": ["down"]}, "down", False),
        ({"success": ["up"], "failure": ["down"]}, "sideways", None),
        ({"success": [True], "failure": [False]}, "true", True),
        ({"success": [False], "failure": [True]}, True, False),
        ({"success": "pass"}, "pass", True),
    ],
)
def test_a_rule_says_yes_no_or_nothing(
    rule: dict[str, object], value: bool | float | str, verdict: bool | None
) -> None:
    mapping = ImportMap.from_mapping({"success": {"eval.*": rule}})
    found = mapping.rule("eval.total")
    assert found is not None
    assert found.verdict(value) is verdict
    assert mapping.rule("other") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sucess]\n", "unknown key 'sucess'; known are csv, evidence, fields, models, success"),
        ("[success]\nthumbs = true\n", r"\[success\] thumbs is True; a rule such as"),
        ("[success]\nthumbs = { least = 1 }\n", "unknown key 'least'"),
        ('[success]\nthumbs = { at_least = "1" }\n', "at_least is '1'; a number is needed"),
        ('[evidence]\nschema = "maybe"\n', "schema is 'maybe'; one of off, fails, decides is needed"),
        ('[fields]\ncolour = "x"\n', "unknown key 'colour'; known are agent"),
        ("[models]\ngpt = 1\n", r"\[models\] gpt is 1; a text is needed"),
        ("fields = 3\n", r"fields is 3; a table \[fields\] is needed"),
        ("[success\n", "Expected"),
    ],
)
def test_a_wrong_map_is_refused_with_the_key_and_the_fix(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ForeignLogError, match=message):
        ImportMap.load(path)


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignLogError, match="No such file"):
        ImportMap.load(tmp_path / "map.toml")


def test_own_paths_come_before_the_usual_ones() -> None:
    mapping = ImportMap.from_mapping({"fields": {"agent": ["metadata.team.name"], "task_type": "kind"}})
    record = {"metadata": {"team": {"name": "billing"}, "agent": "usual"}, "kind": "extract", "session.id": "s"}
    labels = mapping.labels(record)
    assert (labels.agent, labels.task_type, labels.session_id) == ("billing", "extract", "s")
    assert ImportMap().labels(record).agent == "usual"
