"""What is read off the declarations of records, and what a declaration must say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

import pytest

from tierwise.data.declared import Spec, Words, declared, names_of
from tierwise.data.records import Attempt, Decision, LoggedDecision, Step


@dataclass(frozen=True, slots=True)
class Parcel:
    sender: Annotated[str, Spec(Words.NAME)]
    weight: Annotated[float | None, Spec(Words.NONE, least=0)] = None
    labels: Annotated[Mapping[str, Any], Spec(Words.SHAPE, wire="tags")] = field(default_factory=dict)
    route: Annotated["Route | None", Spec(Words.NONE)] = None  # type: ignore[name-defined]  # noqa: F821
    extra: Mapping[str, Any] = field(default_factory=dict)


def test_a_field_is_its_type_without_null_its_default_and_its_spec() -> None:
    sender, weight, labels, route = declared(Parcel)
    assert (sender.name, sender.kind, sender.is_optional, sender.is_required) == ("sender", str, False, True)
    assert (weight.kind, weight.is_optional, weight.default, weight.spec.least) == (float, True, None, 0)
    assert (labels.kind, labels.default, labels.wire, labels.is_required) == (Mapping[str, Any], {}, "tags", False)
    assert (route.kind, route.is_optional, route.wire) == ("Route", True, "route")
    assert names_of(Parcel) == ("sender", "weight", "labels", "route")


def test_a_field_that_says_nothing_of_itself_is_refused() -> None:
    @dataclass
    class Silent:
        weight: float | None = None

    with pytest.raises(TypeError, match=r"Silent\.weight has no Spec; declare it as Annotated"):
        declared(Silent)


@pytest.mark.parametrize("record", [Step, Attempt, LoggedDecision, Decision])
def test_every_field_of_a_record_says_what_it_means(record: type) -> None:
    assert [each.name for each in declared(record)] == [each.name for each in fields(record) if each.name != "extra"]
    assert [each.name for each in declared(record) if not each.spec.meaning] == []


@pytest.mark.parametrize("record", [Step, Attempt, LoggedDecision, Decision])
def test_no_text_is_declared_to_hold_no_words_but_the_name_of_an_experiment(record: type) -> None:
    wordless = {each.name for each in declared(record) if each.kind is str and each.spec.words is Words.NONE}
    assert wordless <= {"experiment"}
