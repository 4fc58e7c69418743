"""Recall by kind, false alarms on ordinary texts, and time: the three figures of docs/security.md."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.data.sensitive.labelled import VALUES, Sample, is_left, labelled, others
from tests.pace import processor_time_below
from tierwise.data.sensitive.keyed import is_sensitive_name
from tierwise.data.sensitive.text import redact_text

SAMPLE_LOG = Path(__file__).parents[3] / "data/samples/agent_steps.jsonl.gz"


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [*labelled(), *others()]


def test_the_set_is_as_large_as_it_says(samples: list[Sample]) -> None:
    kinds = Counter(sample.kind for sample in samples)
    assert len(kinds) >= 70
    assert len(VALUES) >= 40
    assert min(kinds.values()) >= 25


def test_recall_is_high_for_every_kind(samples: list[Sample]) -> None:
    missed = Counter(sample.kind for sample in samples if is_left(sample, redact_text(sample.text)))
    assert sum(missed.values()) <= 0.02 * len(samples), missed
    assert max(missed.values(), default=0) <= 3, missed


def test_redacting_again_changes_nothing(samples: list[Sample]) -> None:
    once = [redact_text(sample.text) for sample in samples]
    assert [redact_text(text) for text in once] == once


ORDINARY = (
    "Set max_tokens: 1000 and count the tokens of each line",
    "token = tokens[i] if i < len(tokens) else None",
    "def connect(user, password: str = None, token: Optional[str] = None):",
    "connect(user=user, password=password, token=token)",
    'password = getpass("Password: ")',
    "os.environ['API_KEY']",
    '{"type": "object", "properties": {"password": {"type": "string", "description": "The password to use"}}}',
    '{"token": "hello", "lemma": "hello"}',
    "The password is required. The secret to good bread is time.",
    "api_key=${API_KEY}",
    "Use your API key 'RAPID-API-KEY' and basic characteristics of the bearer",
    "version 1.2.3, 2026-11-01T12:00:00Z, at 12:30:45, std::vector<int>, Ada::Bad, 3.14159",
    "order 1234567890123456, sum 01 + 02, 0.5 100 200, 00 01 02 03",
    "git@github.com:org/repo.git",
    "a ratio of 16:9, a slice [1:10:2], {1: 2, 3: 4}",
    "The skills of basic understanding are key-value pairs in task-oriented-environments.",
    "http://localhost:8080/users/ada@home",
    "return s[::2] + rows[1::2] + f(x)[::3] + grid[0][::4]",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_addresses_in_brackets_are_no_slices() -> None:
    assert redact_text("see http://[2001:db8::2]:8080/ and [fe80::1]") == "see http://[[ip]]:8080/ and [[ip]]"


@pytest.mark.slow
def test_the_sample_log_has_next_to_no_false_alarms() -> None:
    """What is changed there is an address or a telephone number of an exercise."""
    changed = [(text, redact_text(text)) for text in _texts(SAMPLE_LOG)]
    others_than_these = ("[secret]", "[card]", "[ssn]", "[iban]", "[ip]")
    assert not any(kind in redacted for text, redacted in changed if text != redacted for kind in others_than_these)
    assert all("@" in text or "phone" in text.lower() for text, redacted in changed if text != redacted)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("password", True), ("dbPassword", True), ("API_KEY", True), ("x-api-key", True), ("max_tokens", False), ("keyboard", False), ("monkey", False)],
)  # fmt: skip
def test_names_of_secrets(name: str, is_one: bool) -> None:
    assert is_sensitive_name(name) is is_one


HOSTILE = (
    "eyJ-", "eyJaaaaaaaaaaaa.", "1", "1 ", "1.", "1::", "101 ", "12-1", "123.123.123-", "4111-1111-1111-", "0112-", "::", ":a", "a.a@",
    "a@b.", "password=", "password='", 'password="a', "password is ", "://a:", "sk-", "AC", "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----",
    "cookie: a=", "authorization: ", "bearer ", "tel: 1", "DE89 3704 ", "\\", "İpassword=", "٣ 1", "secret:{\"a\":", "SG.a", "+1", "tel",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_no_text_takes_long(unit: str) -> None:
    """At most 15 microseconds a character, where 2 are usual; 36 were measured once, at the cost of all outcomes meanwhile."""
    text = unit * (100_000 // len(unit))
    with processor_time_below(1.5):
        redact_text(text)


def _texts(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield from _strings(json.loads(line)["step"])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
