"""What a record's declaration says of each field beside its name, type and default: the one place of all field lists.

A field stands as ``name: Annotated[type, Spec(...)] = default`` in :mod:`tierwise.data.records`. Parser, serialiser,
redaction, Parquet and SQL columns, OpenAPI schema, the client's keywords and the docs' tables are read off it. A new
field is one such line; with a column of its own in the log's database it is a migration too (``column``), and a router
that should see it (``feature``) has to be trained again.
"""

import dataclasses
from enum import Enum, auto
from functools import cache
from types import NoneType, UnionType
from typing import Any, ForwardRef, NamedTuple, get_args, get_origin, get_type_hints


class Words(Enum):
    """What words a field holds. ``redacted`` looks for secrets in all but ``NONE``; ``features_only`` does as said."""

    NONE = auto()  # numbers, flags, our own codes: stays
    NAME = auto()  # a name: stays
    WORD = auto()  # stays where it looks like a name, else "[name]"
    NOTE = auto()  # "[text]" tells that there was one
    PROSE = auto()  # goes: the field has its default
    SHAPE = auto()  # messages, tools and schemas keep their names and types
    KEY = auto()  # an answer key stays as a digest alone


class Feature(Enum):
    """How a field of the step becomes a column of the vector without further code."""

    NUMBER = auto()  # as it is
    LOG_NUMBER = auto()  # log(1 + n)
    IDENTITY = auto()  # a column for each value that recurs


class Spec(NamedTuple):  # every start makes it, and makes a dataclass in four times the time
    """``meaning`` is for the docs, and describes the field in the OpenAPI document.

    ``least`` and ``most`` bound a number, or the entries of a list, wherever it comes from; ``scale`` and ``reported``
    (with a unit) bound what a request or a report may say. ``column`` gives the field a column of its own in the
    database, beside the JSON that holds the record. ``is_logged`` and ``is_public`` are about decisions alone: does the
    log keep it, does the API tell it, as ``wire`` if that is another name, and only with the option ``asked_by``.
    ``is_answer`` marks what ``/accept`` reads of an attempt. ``is_session`` marks an option that a request tells under
    ``session``.
    """

    words: Words
    meaning: str = ""
    least: float | None = None
    most: float | None = None
    scale: tuple[float, float] | None = None
    reported: tuple[float, str] | None = None
    column: bool = False
    feature: Feature | None = None
    is_logged: bool = True
    is_public: bool = True
    wire: str | None = None
    asked_by: str | None = None
    is_answer: bool = False
    is_session: bool = False


class Declared(NamedTuple):
    """One field. ``kind`` is its type without None, or the type's name where that stands above the records; ``default``
    is None where the field must be given.
    """

    name: str
    kind: Any
    is_optional: bool
    default: Any
    is_required: bool
    spec: Spec

    @property
    def wire(self) -> str:
        """Its name in the API and in exported steps."""
        return self.spec.wire or self.name


@cache
def declared(record: type) -> tuple[Declared, ...]:
    """The fields of a record in order, without ``extra``. Raises ``TypeError`` for one without a ``Spec``."""
    return tuple(_declared(record, field) for field in dataclasses.fields(record) if field.name != "extra")


@cache
def names_of(record: type) -> tuple[str, ...]:
    """The names of all fields of a record but ``extra``, declared by a ``Spec`` or not."""
    return tuple(field.name for field in dataclasses.fields(record) if field.name != "extra")


@cache
def kinds_of(record: type) -> dict[str, Any]:
    """The types, without None, of the fields of a record that stands within others and has no ``Spec``."""
    return {name: (get_args(hint) or (hint,))[0] for name, hint in get_type_hints(record).items()}


def _declared(record: type, field: "dataclasses.Field[Any]") -> Declared:
    given: Any
    given, *notes = get_args(field.type) or (field.type,)
    spec = next((note for note in notes if isinstance(note, Spec)), None)
    if spec is None:
        raise TypeError(f"{record.__name__}.{field.name} has no Spec; declare it as Annotated[type, Spec(...)]")
    if isinstance(given, ForwardRef):  # the name of a type that stands above the records
        given, members = given.__forward_arg__, [given.__forward_arg__.removesuffix(" | None")]
    else:
        is_union = get_origin(given) is UnionType
        members = [each for each in get_args(given) if each is not NoneType] if is_union else [given]
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    else:
        default = None if field.default is dataclasses.MISSING else field.default
    is_required = field.default is field.default_factory is dataclasses.MISSING
    return Declared(field.name, members[0], members != [given], default, is_required, spec)
