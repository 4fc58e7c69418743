"""What a caller asks with: one step, its names, and the limits of the request. Checked before anything is sent, so
that bad input is refused in the same way whether the service is there or not."""

from dataclasses import dataclass
from typing import Any

from tierwise.agents.client.keywords import OptionFields, StepFields
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.declared import declared, names_of
from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_step
from tierwise.data.plausible import check_estimates
from tierwise.data.records import Step
from tierwise.data.serialise import step_to_dict
from tierwise.router_model.options import DecideOptions

_NAMES = ("task_id", "session_id", "step_id")
_SESSION_OPTIONS = tuple(each.name for each in declared(DecideOptions) if each.spec.is_session)
_OPTIONS = names_of(DecideOptions)
_STEP_FIELDS = frozenset(names_of(Step))


class RouteFields(StepFields, OptionFields, total=False):
    """The keywords of ``route``: fields of the step, names, and options of the decision."""

    task_id: str | None
    session_id: str | None
    step_id: str | None


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """One decision to ask for."""

    step: Step
    options: DecideOptions
    task_id: str | None = None
    session_id: str | None = None
    step_id: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The body of ``POST /route``."""
        options = {name: getattr(self.options, name) for name in _OPTIONS}
        session = {name: options.pop(name) for name in _SESSION_OPTIONS}
        body: dict[str, Any] = {"step": step_to_dict(self.step)}
        body |= {name: getattr(self, name) for name in _NAMES if getattr(self, name) is not None}
        for key, given in (("options", options), ("session", session)):
            known = {
                name: value for name, value in given.items() if value is not None and value is not False and value != {}
            }
            if known:
                body[key] = known
        return body


def make_request(step: Step | None, given: RouteFields, catalogue: TierCatalogue) -> RouteRequest:
    """The request for ``step``, or for the step that the keywords describe.

    Raises ``RecordError`` for a field of the wrong type, an option out of range, a tier that the catalogue does not
    have; ``TypeError`` for a keyword that does not exist.
    """
    rest: dict[str, Any] = dict(given)
    options = DecideOptions(**{name: rest.pop(name) for name in _OPTIONS if name in rest})
    options.check(catalogue)
    names = {name: _name(rest.pop(name, None), name) for name in _NAMES}
    extra = rest.pop("extra", {})
    unknown = sorted(rest.keys() - _STEP_FIELDS)
    if unknown:
        raise TypeError(
            f"'{unknown[0]}' is no field of a step and no option; put fields of your own into extra={{...}}"
        )
    if step is None:
        step = parse_step({**extra, **rest})
    elif rest or extra:
        raise TypeError(f"'{next(iter(rest), 'extra')}' was given beside a step; set it on the step")
    check_estimates(step)
    return RouteRequest(step, options, **names)


def _name(value: object, field: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise RecordError(field, f"is {value!r}; a string or null is needed")
    return value
