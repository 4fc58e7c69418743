"""From a model's name in a log to its tier. Providers' prefixes, dates and versions at the end do not matter."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.model_names import model_names
from tierwise.data.catalogue.prices import look_up_prices
from tierwise.data.importers.assembling.entries import Place, Undecided, told_apart
from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.importers.reading.parameters import CallParameters

_NOTHING_SAID = CallParameters()
_OUTPUT_WEIGHT = 0.25  # agents' prompts are longer than their answers
_SMALL_USD, _MID_USD = 0.5, 3.0


class TierLookup:
    """Finds the tier of a model's name; ``overrides`` map names or patterns to tiers and win."""

    def __init__(self, catalogue: TierCatalogue, overrides: Mapping[str, str]) -> None:
        for pattern, target in overrides.items():
            if target not in catalogue.names:
                known = ", ".join(catalogue.names)
                raise ForeignLogError(f"[models] {pattern} is '{target}', which is no tier; known are {known}")
        self._overrides = overrides
        self._by_name: dict[str, list[Place]] = {}
        # cheapest first: a model that stands in two tiers counts for the cheaper; its own name is nobody else's
        own = [(model_names(model.name), Place(tier.name, model)) for tier in catalogue.tiers for model in tier.models]
        providers = [
            (model_names(place.model.provider_name), place)
            for _, place in own
            if place.model is not None and place.model.provider_name not in (None, place.model.name)
        ]
        placed = [*own, *providers]
        for depth in range(max((len(names) for names, _ in placed), default=0)):
            found: dict[str, list[Place]] = {}
            for names, place in placed:
                if depth < len(names) and names[depth] not in self._by_name:
                    found.setdefault(names[depth], []).append(place)
            self._by_name |= found

    def find(self, model: str, parameters: CallParameters = _NOTHING_SAID) -> Place | Undecided | None:
        """None for a model that no tier names. ``parameters`` tell apart entries that share the model."""
        names = model_names(model)
        known = next((self._by_name[name] for name in names if name in self._by_name), [])
        for pattern, tier in self._overrides.items():
            if any(fnmatchcase(name, pattern.lower()) for name in names):
                inside = [place for place in known if place.tier == tier]
                return told_apart(model, inside or [Place(tier)], parameters)
        return told_apart(model, known, parameters) if known else None


def suggest_tiers(models: Iterable[str]) -> str:
    """A tiers.toml to start from: the models by list price, cheapest first. It is a proposal, and says so."""
    models = {model_names(name)[-1]: name for name in sorted(map(_listed_name, models), key=len, reverse=True)}.values()
    priced = sorted((usd, model) for model, usd in ((m, _blended_usd(m)) for m in models) if usd is not None)
    tiers = {"small": [], "mid": [], "frontier": []}  # type: dict[str, list[str]]
    for usd, model in priced:
        tiers["small" if usd < _SMALL_USD else "mid" if usd < _MID_USD else "frontier"].append(model)
    unpriced = sorted(set(models) - {model for _, model in priced})
    lines = ["# Proposed by list price (USD per million tokens, a quarter of them output); move models as you see fit."]
    for tier, members in tiers.items():
        if members or tier != "mid":
            lines.append(f'[[tiers]]\nname = "{tier}"')
            lines += [f'[[tiers.models]]\nname = "{model}"' for model in members]
    lines += [f'# no list price: "{model}"; add it to a tier, with its prices' for model in unpriced]
    return "\n".join(lines) + "\n"


def _listed_name(model: str) -> str:
    """The name without date and provider, where it has a list price of its own; it stands for all dates."""
    candidates = sorted(model_names(model), key=lambda name: (len(name), "." in name))
    return next((name for name in candidates if look_up_prices(name, is_exact=True).is_complete), model)


def _blended_usd(model: str) -> float | None:
    prices = look_up_prices(model)
    if prices.input_usd_per_mtok is None or prices.output_usd_per_mtok is None:
        return None
    return (1 - _OUTPUT_WEIGHT) * prices.input_usd_per_mtok + _OUTPUT_WEIGHT * prices.output_usd_per_mtok
