"""The tier catalogue: which models stand for each tier, cheapest first, and what they cost.

It is read from ``tiers.toml`` (docs/guides/tiers.md). Prices are US dollars per million tokens. A price that is left
out is looked up by :mod:`tierwise.data.catalogue.prices`; one that is still unknown is None, and an error where a cost
is needed: never 0.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tierwise.data.catalogue.model_calls import (
    DEFAULT_PROTOCOLS,
    read_parameters,
    read_parameters_win,
    read_protocols,
    without_defaults,
)
from tierwise.data.catalogue.prices import LongPromptPrices, ModelPrices, look_up_prices
from tierwise.data.errors import CatalogueError
from tierwise.data.replies.usage import Usage

DEFAULT_TIERS_PATH = Path(__file__).parent / "tiers.toml"
MIN_TIERS, MAX_TIERS = 2, 8
_HOUR_FACTOR = 2.0  # of the fresh input: no price list has it, Anthropic's rule is the same for all of its models
# OpenAI, Anthropic and Google all give half the price for batches, OpenAI and Google also for flexible processing.
_SERVICE_FACTORS: Mapping[str | None, float] = {None: 1.0, "batch": 0.5, "flex": 0.5}


@dataclass(frozen=True, slots=True)
class Model:
    """A concrete LLM inside a tier. ``context_window`` is in tokens; ``long_prompts`` are what it costs beyond certain
    lengths of the prompt.

    ``name`` is what decisions and outcomes call it, ``provider_name`` what its provider does, where that differs: one
    model with two efforts is two entries. ``parameters`` go along with every call; the caller's own stand, unless
    ``parameters_win``. ``protocols`` are those that it speaks, the best one first.
    """

    name: str
    base_url: str | None = None
    api_key_env: str | None = None
    input_usd_per_mtok: float | None = None
    cached_input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None
    context_window: int | None = None
    capabilities: tuple[str, ...] = ()
    cache_write_usd_per_mtok: float | None = None
    long_prompts: tuple[LongPromptPrices, ...] = ()
    provider_name: str | None = None
    protocols: tuple[str, ...] = DEFAULT_PROTOCOLS
    parameters: Mapping[str, Any] = field(default_factory=dict)
    parameters_win: bool = False

    def cost_usd(
        self,
        input_tokens: float,
        output_tokens: float,
        cached_tokens: float = 0.0,
        cache_write_tokens: float = 0.0,
        cache_write_1h_tokens: float = 0.0,
    ) -> float:
        """The price of one call. ``cached_tokens`` and ``cache_write_tokens`` of the input are paid at their own
        prices, and a prompt beyond one of the lengths of ``long_prompts`` at those prices, all of it. What was written
        for an hour, a part of ``cache_write_tokens``, costs twice the fresh input, as Anthropic bills it.

        Raises ``CatalogueError`` when a price is unknown.
        """
        prices = self.prices.at(input_tokens)
        fresh_price, output_price = prices.input_usd_per_mtok, prices.output_usd_per_mtok
        if fresh_price is None or output_price is None:
            fix = "add input_usd_per_mtok and output_usd_per_mtok to tiers.toml"
            raise CatalogueError(f"model '{self.name}' has no price; {fix}")
        cached_tokens = min(cached_tokens, input_tokens)
        written_tokens = min(cache_write_tokens, input_tokens - cached_tokens)
        cached_price, write_price = prices.cached_input_usd_per_mtok, prices.cache_write_usd_per_mtok
        usd = (input_tokens - cached_tokens - written_tokens) * fresh_price + output_tokens * output_price
        usd += cached_tokens * (fresh_price if cached_price is None else cached_price)
        hour_tokens = min(cache_write_1h_tokens, written_tokens)
        usd += (written_tokens - hour_tokens) * (fresh_price if write_price is None else write_price)
        usd += hour_tokens * _HOUR_FACTOR * fresh_price
        return usd / 1e6

    def usage_cost_usd(self, usage: Usage) -> float | None:
        """What a call cost: what its provider says itself, else what these counts cost by list. None when a count, a
        price, or the price of the way in which it was served (``priority``) is unknown."""
        if usage.cost_usd is not None:
            return usage.cost_usd
        factor = _SERVICE_FACTORS.get(usage.service_tier)
        if usage.input_tokens is None or usage.output_tokens is None or factor is None or not self.has_prices:
            return None
        cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
        hour = usage.cache_write_1h_tokens or 0
        return factor * self.cost_usd(usage.input_tokens, usage.output_tokens, cached, written, hour)

    @property
    def prices(self) -> ModelPrices:
        return ModelPrices(
            self.input_usd_per_mtok,
            self.cached_input_usd_per_mtok,
            self.output_usd_per_mtok,
            self.cache_write_usd_per_mtok,
            self.long_prompts,
        )

    @property
    def has_prices(self) -> bool:
        return self.input_usd_per_mtok is not None and self.output_usd_per_mtok is not None


@dataclass(frozen=True, slots=True)
class Tier:
    """An ordered class of models; the first model is the one that a decision names."""

    name: str
    models: tuple[Model, ...] = ()

    @property
    def model(self) -> Model | None:
        return self.models[0] if self.models else None


@dataclass(frozen=True, slots=True)
class TierCatalogue:
    """Two to eight tiers, cheapest first."""

    tiers: tuple[Tier, ...]

    @classmethod
    def load(cls, path: Path | str | None = None) -> "TierCatalogue":
        """Reads ``tiers.toml``; None reads the default catalogue (small, mid, frontier, no models)."""
        path = DEFAULT_TIERS_PATH if path is None else Path(path)
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CatalogueError(
                f"{path}: no such file; write one or leave --tiers out for small, mid, frontier"
            ) from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CatalogueError(f"{path}: {error}") from None
        return cls.from_mapping(raw)

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "TierCatalogue":
        """The catalogue of a decoded ``tiers.toml`` or ``tiers.json``; prices left out are looked up."""
        _refuse_unknown(raw, {"tiers"}, "tiers.toml")
        entries = raw.get("tiers")
        if not isinstance(entries, Sequence) or isinstance(entries, str) or not MIN_TIERS <= len(entries) <= MAX_TIERS:
            raise CatalogueError(f"tiers.toml needs {MIN_TIERS} to {MAX_TIERS} [[tiers]], cheapest first")
        tiers = tuple(_tier(entry) for entry in entries)
        names = [tier.name for tier in tiers]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise CatalogueError(f"tier '{repeated[0]}' stands twice in tiers.toml; give each tier one entry")
        return cls(tiers)

    def to_mapping(self) -> dict[str, Any]:
        """What ``from_mapping`` reads; the form of ``tiers.json`` in a bundle."""
        tiers = [asdict(tier) for tier in self.tiers]
        return {"tiers": [{**tier, "models": [without_defaults(model) for model in tier["models"]]} for tier in tiers]}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(tier.name for tier in self.tiers)

    @property
    def top(self) -> Tier:
        return self.tiers[-1]

    def __len__(self) -> int:
        return len(self.tiers)

    def index(self, name: str) -> int:
        """Position of a tier, 0 for the cheapest. Raises ``CatalogueError`` for a name that is not there."""
        try:
            return self.names.index(name)
        except ValueError:
            raise CatalogueError(f"tier '{name}' is not in the catalogue ({', '.join(self.names)})") from None


def _tier(raw: object) -> Tier:
    entry = _table(raw, "tiers")
    _refuse_unknown(entry, {"name", "models"}, "[[tiers]]")
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise CatalogueError(f"[[tiers]] has the name {name!r}; a text is needed")
    models = entry.get("models", ())
    if not isinstance(models, list | tuple):
        raise CatalogueError(f"tier '{name}': models is {models!r}; [[tiers.models]] tables are needed")
    return Tier(name, tuple(_model(model, name) for model in models))


def _model(raw: object, tier: str) -> Model:
    entry = _table(raw, f"models of tier '{tier}'")
    _refuse_unknown(entry, {each.name for each in fields(Model)}, f"a model of tier '{tier}'")
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise CatalogueError(f"a model of tier '{tier}' has the name {name!r}; a text is needed")
    given = ModelPrices(
        _price(entry, "input_usd_per_mtok", name),
        _price(entry, "cached_input_usd_per_mtok", name),
        _price(entry, "output_usd_per_mtok", name),
        _price(entry, "cache_write_usd_per_mtok", name),
        _long_prompts(entry, name),
    )
    provider_name = _text(entry, "provider_name", name)
    prices = given if given.is_complete else given.completed_by(look_up_prices(provider_name or name))
    return Model(
        name=name,
        base_url=_text(entry, "base_url", name),
        api_key_env=_text(entry, "api_key_env", name),
        input_usd_per_mtok=prices.input_usd_per_mtok,
        cached_input_usd_per_mtok=prices.cached_input_usd_per_mtok,
        output_usd_per_mtok=prices.output_usd_per_mtok,
        context_window=_tokens(entry, "context_window", name),
        capabilities=_texts(entry, "capabilities", name),
        cache_write_usd_per_mtok=prices.cache_write_usd_per_mtok,
        long_prompts=prices.long_prompts,
        provider_name=provider_name,
        protocols=read_protocols(entry, name),
        parameters=read_parameters(entry, name),
        parameters_win=read_parameters_win(entry, name),
    )


def _long_prompts(entry: Mapping[str, Any], model: str) -> tuple[LongPromptPrices, ...]:
    rows = entry.get("long_prompts") or ()
    if not isinstance(rows, list | tuple):
        raise CatalogueError(f"model '{model}': long_prompts is {rows!r}; [[tiers.models.long_prompts]] is needed")
    found = [_long_prompt(_table(row, f"long_prompts of model '{model}'"), model) for row in rows]
    return tuple(sorted(found, key=lambda prices: prices.above_tokens))


def _long_prompt(row: Mapping[str, Any], model: str) -> LongPromptPrices:
    _refuse_unknown(row, {each.name for each in fields(LongPromptPrices)}, f"long_prompts of model '{model}'")
    above = _tokens(row, "above_tokens", model)
    fresh, output = _price(row, "input_usd_per_mtok", model), _price(row, "output_usd_per_mtok", model)
    if above is None or fresh is None or output is None:
        raise CatalogueError(
            f"model '{model}': long_prompts needs above_tokens, input_usd_per_mtok and output_usd_per_mtok"
        )
    return LongPromptPrices(
        above_tokens=above,
        input_usd_per_mtok=fresh,
        output_usd_per_mtok=output,
        cached_input_usd_per_mtok=_price(row, "cached_input_usd_per_mtok", model),
        cache_write_usd_per_mtok=_price(row, "cache_write_usd_per_mtok", model),
    )


def _price(entry: Mapping[str, Any], key: str, model: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise CatalogueError(f"model '{model}': {key} is {value!r}; US dollars per million tokens are needed")
    return float(value)


def _text(entry: Mapping[str, Any], key: str, model: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise CatalogueError(f"model '{model}': {key} is {value!r}; a text is needed")
    return value


def _texts(entry: Mapping[str, Any], key: str, model: str) -> tuple[str, ...]:
    value = entry.get(key) or ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise CatalogueError(f'model \'{model}\': {key} is {value!r}; a list such as ["tools", "json"] is needed')
    return tuple(value)


def _tokens(entry: Mapping[str, Any], key: str, model: str) -> int | None:
    value = entry.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value <= 0):
        raise CatalogueError(f"model '{model}': {key} is {value!r}; a number of tokens is needed")
    return value


def _table(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise CatalogueError(f"{where}: {raw!r} is not a table")
    return raw


def _refuse_unknown(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise CatalogueError(f"{where}: unknown key '{unknown[0]}'; known are {', '.join(sorted(known))}")
