"""What the report says of an arm, in figures."""

from tests.training.evaluation.experiments.planted import planted, sequence
from tierwise.training.evaluation.experiments.report import comparison_rows
from tierwise.training.evaluation.experiments.verdict import NOT_YET, Ruling


def test_shares_stand_in_points_and_ratios_as_changes_in_percent_each_with_its_interval() -> None:
    report = planted(
        Ruling(NOT_YET, "told so"),
        success=sequence(0.012, -0.03, 0.04),
        cost_ratio=sequence(0.5, 0.25, 1.1),
        latency_ratio=sequence(1.25, 1.0, 2.0),
        escalations=sequence(0.5, -0.25, float("inf")),
    )
    header, row = comparison_rows(report)
    found = dict(zip(header, row, strict=True))
    assert found["steps well"] == "+1.2 [-3.0, +4.0]"
    assert found["cost"] == "-50 % [-75, +10]"
    assert found["latency"] == "+25 % [+0, +100]"
    assert found["escalations"] == "+0.50 [-0.25, +inf]"
