"""Reports of other projects' users, made small: what the gateway is called right for in each. Skipped where they are
not at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving.gateway.calls.foreign_provider import Provider, good

CASES = Path(__file__).parents[5] / "shared" / "cases"
SMALL = ["small-1"]


def cases() -> list[Any]:
    return [
        pytest.param(path.parent.name[:2], case, id=f"{path.parent.name[:2]} {case['name']}")
        for path in sorted(CASES.glob("*/case.json"))
        for case in json.loads(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not at hand")
@pytest.mark.parametrize(("kind", "case"), cases() or [pytest.param("", {}, marks=pytest.mark.skip)])
def test_a_case_gives_what_is_called_right(kind: str, case: dict[str, Any], ask: Any, provider: Provider) -> None:
    upstream, request = case["upstream"], case.get("request", {})

    def says(body: dict[str, Any]) -> tuple[int, Any]:
        if "reject_if" in upstream and upstream["reject_if"] not in body:
            return good(body)
        if "sse" in upstream:
            events = [
                each for each in upstream["sse"] if not str(each).startswith(":")
            ]  # comments are not written here
            return 200, [each.removeprefix("data: ") if isinstance(each, str) else each for each in events]
        answer = upstream["body"]
        return upstream.get("status", 200), answer.encode() if isinstance(answer, str) else answer

    is_late = kind == "03" and case["name"].startswith("mid-stream")  # the caller has heard half of it already
    goes_on = kind in ("01", "08") or (kind == "03" and not is_late)
    response, outcomes = ask(says, 2 if goes_on else 1, **request)
    asked = [each["model"] for each in provider.seen]
    assert response.status_code == 200
    assert asked[-1] == ("mid-1" if goes_on else "small-1")
    first = outcomes[0]
    if kind in ("01", "03", "08"):
        assert (first["success"], first["status"] != 200) == (None, True)
    elif kind == "02":
        assert (first["status"], set(asked)) == (200, {"small-1"})
        assert "data: " in response.text or not request.get("stream")
    else:
        assert asked == SMALL
    if kind == "06":
        is_cached = "cached" in case["right"]
        assert (first["input_tokens"], first["output_tokens"]) == (100, 5)
        assert first["cost_usd"] == pytest.approx(5.6e-5 if is_cached else 1.1e-4)
    if kind in ("05", "07") and "success true" in case["right"]:
        assert (first["success"], first["evaluator"]) == (True, "schema")
