"""Small files of other projects' users: what an import of each is called right for. Skipped where they are not at
hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, ImportReport, import_records
from tierwise.data.records import Attempt

CASES = Path(__file__).parents[4] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not at hand")
Read = Callable[[str, str], ImportReport]
PALLET = "How many parcels are on pallet P-77?"


@pytest.fixture
def read() -> Read:
    """``read(file, format)``: one import of a case's file."""

    def run(name: str, format_name: str) -> ImportReport:
        (path,) = CASES.glob(name)
        mapping = ImportMap.load(CASES / "map.toml")
        tiers = TierCatalogue.load(CASES / "tiers.toml")
        report = import_records(format_name, FORMATS[format_name].read([path], mapping), tiers, mapping)
        assert report.malformed == ()
        return report

    return run


def prompts(report: ImportReport) -> list[list[tuple[str, str]]]:
    return [[(each.role, each.content) for each in step.step.messages] for step in report.assembled.steps]


def attempts(report: ImportReport) -> list[Attempt]:
    return [attempt for step in report.assembled.steps for attempt in step.attempts]


@pytest.mark.parametrize("name", ["download", "api"])
def test_09_scores_and_sessions_of_a_download(name: str, read: Read) -> None:
    report = read(f"09-*/{name}.json", "langfuse")
    assert [step.session_id for step in report.assembled.steps] == ["s-9", "s-9"]
    assert [(each.success, each.evaluator) for each in attempts(report)] == [(False, "correct"), (True, "correct")]


def test_10_input_and_output_are_the_rows_own_total(read: Read) -> None:
    for step in read("10-*/usage.jsonl", "langfuse").assembled.steps:
        named = [part for part in step.step_id.split("-") if part[:1] in "ioc" and part[1:].isdigit()]
        n_in, n_out, cached = (int(part[1:]) for part in named)
        (attempt,) = step.attempts
        assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens or 0) == (n_in, n_out, cached)
        if "cost0.155" in step.step_id:
            assert attempt.cost_usd == pytest.approx(0.1552165)


@pytest.mark.parametrize(
    ("name", "format_name"),
    [("langfuse-anthropic-system", "langfuse"), ("langfuse-images", "langfuse"),
     ("langfuse-responses-items", "langfuse"), ("langsmith-anthropic", "langsmith")],
)  # fmt: skip
def test_11_different_questions_are_two_steps(name: str, format_name: str, read: Read) -> None:
    report = read(f"11-*/{name}.jsonl", format_name)
    assert [[each.success for each in step.attempts] for step in report.assembled.steps] == [[None], [None]]


def test_12_thinking_is_no_part_of_the_answer(read: Read) -> None:
    found = attempts(read("12-*/thinking.json", "otlp"))
    assert [(each.output, each.success) for each in found] == [('{"n": 40}', None)] * 4


@pytest.mark.parametrize(("name", "n_calls"), [("operations", 7), ("semantic-kernel", 1)])
def test_13_every_operation_that_names_a_model_is_a_call(name: str, n_calls: int, read: Read) -> None:
    report = read(f"13-*/{name}.json", "otlp")
    assert [prompt[-1] for prompt in prompts(report)] == [("user", PALLET)] * n_calls
    assert report.n_frames == 0


def test_14_spans_of_mlflow_through_otlp(read: Read) -> None:
    report = read("14-*/mlflow-otlp.json", "otlp")
    assert [prompt[-1] for prompt in prompts(report)] == [("user", PALLET)] * 2
    found = [(each.model, each.input_tokens, each.output_tokens) for each in attempts(report)]
    assert found == [("gpt-4o-mini", 120, 9)] * 2


@pytest.mark.parametrize(("name", "n_calls"), [("azure", 1), ("azure-two", 2), ("strands", 1), ("events-attribute", 2)])
def test_15_messages_in_events(name: str, n_calls: int, read: Read) -> None:
    report = read(f"15-*/{name}.json", "otlp")
    assert len(prompts(report)) == n_calls
    assert all(("user", PALLET) in prompt for prompt in prompts(report)) or name == "azure-two"
    assert [len(step.attempts) for step in report.assembled.steps] == [1] * n_calls
    assert {each.success for each in attempts(report)} == {None}
    assert all(each.output for each in attempts(report)) or name == "azure-two"


def test_16_prompts_in_other_words(read: Read) -> None:
    (vercel,) = prompts(read("16-*/vercel.json", "otlp"))
    assert [role for role, _ in vercel] == ["system", "user"]
    assert prompts(read("16-*/vision.json", "otlp")) == [[("user", "What does the label say?")]]


def test_17_native_prompts(read: Read) -> None:
    first, *others = prompts(read("17-*/native.jsonl", "langfuse"))
    assert first == [("system", "Greet people."), ("user", "hello")]
    assert others == [[("user", "hello")]] * 3
    report = read("17-*/responses.jsonl", "openai")
    assert prompts(report) == [[("system", "Answer with a number."), ("user", "Sum the invoices of May.")]]
    assert report.assembled.steps[0].step.response_schema is not None
    assert [each.output for each in attempts(report)] == ["four"]


@pytest.mark.parametrize("name", ["metadata-status", "column-status"])
def test_18_a_rate_limit_says_nothing_of_the_tier(name: str, read: Read) -> None:
    first, second = attempts(read(f"18-*/{name}.jsonl", "litellm"))
    assert (first.success, first.input_tokens, first.cost_usd) == (None, None, None)
    assert second.success is None


def test_19_call_types_and_cache_hits(read: Read) -> None:
    assert len(attempts(read("19-*/call-types.jsonl", "litellm"))) == 5
    found = {step.step_id: step.attempts[0] for step in read("19-*/cache-hit.jsonl", "litellm").assembled.steps}
    hits = [found["litellm-hit-row"], found["litellm-hit-payload"]]
    assert [(each.cost_usd, each.latency_ms) for each in hits] == [(0.0, None)] * 2


@pytest.mark.parametrize("name", ["mlflow2", "mlflow3-no-usage"])
def test_20_older_traces_of_mlflow(name: str, read: Read) -> None:
    report = read(f"20-*/{name}.jsonl", "mlflow")
    (attempt,) = attempts(report)
    assert (attempt.input_tokens, attempt.output_tokens, attempt.output) == (100, 3, "4")


def test_21_long_prompts_have_another_price(read: Read) -> None:
    found = {step.step_id: step.attempts[0].cost_usd for step in read("21-*/long.jsonl", "litellm").assembled.steps}
    right: Any = {"litellm-g250": 0.64, "litellm-g150": 0.1975, "litellm-c250": 1.5225}
    assert found == pytest.approx(right)


def test_22_names_with_other_dates(read: Read) -> None:
    report = read("22-*/names.jsonl", "litellm")
    assert (len(report.assembled.steps), dict(report.assembled.unknown_models)) == (10, {})


def test_every_case_is_walked() -> None:
    walked = {"01", "02", "03", "05", "06", "07", "08", *(f"{number:02}" for number in range(9, 23))}
    assert {path.name[:2] for path in CASES.iterdir() if path.is_dir()} == walked
