"""Settings: read once, frozen, documented, and no typo goes unnoticed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tierwise.serving.settings import Settings, SettingsError, load_settings

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_environment_sets_what_the_caller_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_PORT", "9000")
    monkeypatch.setenv("TIERWISE_REDACTION", "features_only")
    settings = load_settings(host="::1")
    assert (settings.port, settings.host, settings.redaction.value) == (9000, "::1", "features_only")
    assert load_settings(port=1).port == 1


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings({}).port = 1


def test_an_unknown_variable_is_an_error_and_those_of_others_are_not() -> None:
    with pytest.raises(SettingsError, match="TIERWISE_PROT is no setting"):
        load_settings({"TIERWISE_PROT": "1"})
    load_settings({"TIERWISE_API_KEY": "k", "TIERWISE_TEST_POSTGRES_URL": "x", "PATH": "/"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prot": 1}, "setting 'prot'"),
        ({"port": "many"}, "setting 'port'"),
        ({"port": -1}, "setting 'port'"),
        ({"redaction": "none"}, "setting 'redaction'"),
        ({"bundle": "b", "registry": "models:/a@b"}, "bundle and registry are both set"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings({}, **changes)


def test_secrets_do_not_show() -> None:
    shown = repr(load_settings({}, log_url="postgresql://u:hidden@h/d", keys="route:hidden"))
    assert "hidden" not in shown


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    assert f"TIERWISE_{name.upper()}" in OPERATIONS.read_text(encoding="utf-8")
