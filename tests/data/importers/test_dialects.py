"""A call with known text, tools, answer, tokens, cost and verdict comes back the same out of every dialect."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.importers.dialects import DIALECTS
from tests.data.importers.made_calls import Made
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, import_records
from tierwise.data.importers.reading.records import Call

LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x85\u2028\u2029")
PLAIN = st.text(LETTERS, min_size=1, max_size=30).map(lambda text: f"a{text}z")
ODD = ['{"a": 1}', '[{"id": 1}]', "[1, 2]", '"quoted"', "null", "line\nline", "<b>x</b>", "🚀"]
TEXTS = PLAIN | st.sampled_from(ODD)
ANSWERS = PLAIN | st.sampled_from(['{"n": 40}', "a [link](x)", "🚀", "line\nline"])
MADE = st.builds(
    Made,
    system=PLAIN,
    user=TEXTS,
    answer=ANSWERS,
    tool=st.sampled_from(["find", "look_up"]),
    n_in=st.integers(100, 10**6),
    n_out=st.integers(1, 10**5),
    cached=st.integers(0, 100),
    cost_usd=st.floats(1e-6, 10.0),
    is_good=st.booleans(),
)
RULES = ImportMap.from_mapping({"success": {"good": {"success": [True], "failure": [False], "at_least": 0.5}}})
TIERS = TierCatalogue.from_mapping(
    {"tiers": [{"name": "small", "models": [{"name": "gpt-4o-mini"}]}, {"name": "large", "models": []}]}
)


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=15, deadline=None)
@given(made=MADE)
def test_what_was_written_is_read(name: str, made: Made) -> None:
    write, has_cost, has_verdict = DIALECTS[name]
    format_name, rows = write(made)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        records = list(FORMATS[format_name].read([path], RULES))
    report = import_records(format_name, records, TIERS, RULES)
    assert (report.malformed, dict(report.skipped)) == ((), {})
    (step,) = report.assembled.steps
    (attempt,) = step.attempts
    (call,) = [record for record in records if isinstance(record, Call)]
    assert [(message.role, message.content) for message in step.step.messages] == [
        ("system", made.system),
        ("user", made.user),
    ]
    assert [(tool.name, dict(tool.parameters)) for tool in step.step.tools] == [(made.tool, made.schema)]
    assert call.answer is not None
    assert (call.answer.text, call.answer.tool_calls) == (made.answer, ())
    assert (attempt.tier, attempt.input_tokens, attempt.output_tokens) == ("small", made.n_in, made.n_out)
    assert attempt.cached_tokens == made.cached
    assert attempt.cost_is_estimate is not has_cost
    if has_cost:
        assert attempt.cost_usd == pytest.approx(made.cost_usd)
    assert attempt.success is (made.is_good if has_verdict else None)
    assert (attempt.evaluator == "good") is has_verdict
