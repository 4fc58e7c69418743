"""What no caller can mean, refused at the door: an estimate off its scale, and reports that no call can have come to.

A log that is read later is taken as it is: one odd number must not cost a step its place.
"""

from tierwise.data.declared import declared
from tierwise.data.errors import RecordError
from tierwise.data.records import Attempt, Step

_REPORTED = tuple((field.name, field.spec.reported) for field in declared(Attempt) if field.spec.reported)
_SCALES = tuple((field.name, field.spec.scale) for field in declared(Step) if field.spec.scale)


def check_plausible(attempt: Attempt) -> None:
    """Raises ``RecordError`` naming the field of an attempt that is beyond what any call takes."""
    for name, (limit, unit) in _REPORTED:
        value = getattr(attempt, name)
        if value is not None and abs(value) > limit:
            raise RecordError(name, f"is {value:g}; at most {limit:,.0f} {unit} can be reported")


def check_estimates(step: Step) -> None:
    """Raises ``RecordError`` for an estimate that is off its scale: a complexity goes from 1 to 10."""
    for name, (least, most) in _SCALES:
        value = getattr(step, name)
        if value is not None and not least <= value <= most:
            problem = f"is {value:g}; an estimate from {least or 1:g} to {most:g} is needed, or null"  # 0 passes as 1
            raise RecordError(f"step.{name}", problem)
