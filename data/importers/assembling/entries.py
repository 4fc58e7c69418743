"""Which entry of ``tiers.toml`` a call belongs to, where several share a model and differ in how it is called.

Effort and thinking are looked at first, everything else only where they leave it open. Nothing is guessed: an entry is
taken when what the call says names it, or excludes every other and leaves nothing of it open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.data.catalogue import Model
from tierwise.data.importers.reading.parameters import EFFORT, CallParameters, plain_parameters


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model stands: its tier, and its entry in the catalogue where it has one. ``is_told``: by parameters."""

    tier: str
    model: Model | None = None
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Undecided:
    """A model that stands for several tiers, and a call that does not say which: why."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Fit:
    place: Place
    n_said: int
    n_open: int


def told_apart(logged: str, places: Sequence[Place], parameters: CallParameters) -> Place | Undecided:
    """One of ``places``, cheapest first, by what the call says; the first one where they do not differ."""
    telling = _telling(places)
    if not telling:
        return places[0]
    left, seen = list(places), set[str]()
    for names in (telling & set(EFFORT), telling - set(EFFORT)):
        seen |= names
        fits = [fit for place in left if (fit := _fit(place, names, seen, parameters)) is not None]
        n_said = max((fit.n_said for fit in fits), default=0)
        kept = [fit for fit in fits if fit.n_said == n_said]
        if not kept:
            break
        left = [fit.place for fit in kept]
        is_sure = n_said > 0 or not any(fit.n_open for fit in kept)
        if names and is_sure and len({place.tier for place in left}) == 1:
            return Place(left[0].tier, left[0].model, is_told=True)
    if len({place.tier for place in places}) == 1:  # only the price may be open
        has_one_price = len({repr(place.model and place.model.prices) for place in places}) == 1
        return places[0] if has_one_price else Place(places[0].tier)
    return Undecided(_reason(logged, places, telling, parameters))


def _telling(places: Sequence[Place]) -> set[str]:
    """The parameters in which the entries differ."""
    each = [plain_parameters(place.model.parameters) if place.model else {} for place in places]
    return {name for given in each for name in given if len({repr(other.get(name)) for other in each}) > 1}


def _fit(place: Place, names: set[str], seen: set[str], parameters: CallParameters) -> _Fit | None:
    """None where the call contradicts the entry. What an entry does not name fits everything; ``seen`` are the names
    that were looked at so far, of which the call may have left some open."""
    own = plain_parameters(place.model.parameters) if place.model else {}
    asked = {name: own[name] for name in names if name in own}
    said = {name: parameters.said[name] for name in asked if name in parameters.said}
    if any(said[name] != asked[name] for name in said) or (parameters.is_whole and len(said) < len(asked)):
        return None
    return _Fit(place, len(said), sum(name not in parameters.said for name in own.keys() & seen))


def _reason(logged: str, places: Sequence[Place], telling: set[str], parameters: CallParameters) -> str:
    tiers = " and ".join(dict.fromkeys(place.tier for place in places))
    names = sorted(telling & set(EFFORT)) or sorted(telling)
    said = [_shown(name, parameters.said[name]) for name in names if name in parameters.said]
    what = f"{', '.join(said)}, which tells none" if said else f"no {' or '.join(names)}"
    return f"model '{logged}' stands for {tiers}, and the call says {what}"


def _shown(name: str, value: object) -> str:
    """Efforts are few words; numbers would be as many reasons as there are."""
    return f"{name} {value}" if isinstance(value, str) else f"a {name}"
