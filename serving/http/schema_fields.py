"""Fields of documented bodies and answers, read off the declarations of the records."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from tierwise.data.declared import Declared, declared

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_Model = TypeVar("_Model", bound=BaseModel)


class Documented(BaseModel):
    """A model for the OpenAPI document alone, built when somebody asks for it."""

    model_config = ConfigDict(defer_build=True)


def request_fields(
    record: type,
    kinds: Mapping[Any, Any],
    only: Callable[[Declared], bool] = lambda _: True,
    is_partial: bool = False,
) -> Callable[[type[_Model]], type[_Model]]:
    """Gives a model the fields of ``record``, as a caller sends them: all but the required ones may be null, and with
    ``is_partial`` these too.

    ``kinds`` maps types of the record to those of JSON; what the model declares itself stays.
    """

    def given(field: Declared, kind: Any) -> tuple[Any, Any]:
        if field.is_required and not is_partial:
            return kind, Field(min_length=1, description=_described(field))
        return kind | None, Field(None, description=_described(field), **_bounds(field))

    return _adding(record, kinds, only, given)


def answer_fields(
    record: type, kinds: Mapping[Any, Any], is_asked: bool = True
) -> Callable[[type[_Model]], type[_Model]]:
    """The same for an answer, by the names of the wire; what comes only when it is asked for may be missing."""

    def told(field: Declared, kind: Any) -> tuple[Any, Any]:
        if field.spec.asked_by is not None:
            only_when = f"Only when options.{field.spec.asked_by} is true: {_described(field)}"
            return kind | None, Field(None, description=only_when)
        is_null = field.is_optional and field.name != "arm"  # where no experiment runs, the policy stands for the arm
        return kind | None if is_null else kind, Field(description=_described(field))

    return _adding(record, kinds, lambda field: is_asked or field.spec.asked_by is None, told)


def _adding(
    record: type,
    kinds: Mapping[Any, Any],
    only: Callable[[Declared], bool],
    definition: Callable[[Declared, Any], tuple[Any, Any]],
) -> Callable[[type[_Model]], type[_Model]]:
    def decorate(model: type[_Model]) -> type[_Model]:
        found: dict[str, Any] = {
            field.wire: definition(field, kinds[field.kind])
            for field in declared(record)
            if field.spec.is_public and only(field) and field.wire not in model.model_fields
        }
        return create_model(model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__, **found)

    return decorate


def _bounds(field: Declared) -> dict[str, Any]:
    if field.spec.scale is not None:
        least, most = field.spec.scale
        return {"ge": least, "le": most}
    return {"ge": 0} if field.kind is int or field.spec.least == 0 else {}


def _described(field: Declared) -> str:
    """The meaning without the docs' links, which lead nowhere from here."""
    return _LINK.sub(r"\1", field.spec.meaning)
