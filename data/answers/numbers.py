"""Numbers in one spelling: 1, 1.0, 1,000 and 1e3; with units by one name each."""

import re
from decimal import Context, Decimal, InvalidOperation

_EXACT = Context(prec=80, Emin=-999, Emax=999)
_NUMBER = r"[-+\u2212]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
NUMBER = re.compile(rf"(?<![\w.]){_NUMBER}(?![\w])")
_QUANTITY = re.compile(
    rf"(?P<sign>[-\u2212]?)\s?(?P<currency>[$\u20ac\u00a3\u00a5]?)\s?(?P<number>{_NUMBER})\s?(?P<unit>[^\d\n]{{0,40}})"
)
_MAX_CHARS = 60
_CURRENCIES = {"$": "dollar", "\u20ac": "euro", "\u00a3": "pound", "\u00a5": "yen"}
_UNITS = {
    "meter": "m metre metres meter meters", "kilometer": "km kilometre kilometres kilometer kilometers",
    "centimeter": "cm centimetre centimetres centimeter centimeters",
    "millimeter": "mm millimetre millimetres millimeters",
    "mile": "mi mile miles", "foot": "ft foot feet", "inch": "in inch inches", "yard": "yd yard yards",
    "kilogram": "kg kgs kilogram kilograms", "gram": "g gram grams", "pound": "lb lbs pound pounds",
    "ounce": "oz ounce ounces",
    "liter": "l litre litres liter liters", "milliliter": "ml millilitre millilitres milliliter milliliters",
    "second": "s sec secs second seconds", "minute": "min mins minute minutes", "hour": "h hr hrs hour hours",
    "day": "day days", "week": "week weeks", "month": "month months", "year": "yr yrs year years",
    "dollar": "usd dollar dollars", "euro": "eur euro euros", "cent": "cent cents", "percent": "% percent pct",
    "degree": "\u00b0 degree degrees", "celsius": "\u00b0c celsius", "fahrenheit": "\u00b0f fahrenheit",
}  # fmt: skip
_NAMES = {spelling: name for name, spellings in _UNITS.items() for spelling in spellings.split()}
_POWERS = {"square": "2", "sq": "2", "cubic": "3"}


def number_text(raw: str) -> str | None:
    """The one spelling of a number; None where ``raw`` is no number.

    >>> number_text("1,000.50"), number_text("1e3"), number_text("-0.0")
    ('1000.5', '1000', '0')
    """
    if raw.isascii() and raw.isdigit() and raw[0] != "0" and len(raw) <= _MAX_CHARS:
        return raw  # by far the most
    raw = raw.strip().replace("\u2212", "-")
    if not raw or len(raw) > _MAX_CHARS or not re.fullmatch(_NUMBER, raw):
        return None
    try:
        value = _EXACT.create_decimal(raw.replace(",", ""))
    except InvalidOperation:
        return None
    return decimal_text(value)


def decimal_text(value: Decimal) -> str | None:
    """Plain digits without zeros that say nothing; None beyond 80 digits either way."""
    if not value.is_finite() or not -80 < value.adjusted() < 80:
        return "0" if value.is_zero() else None
    text = format(value.normalize(_EXACT), "f")
    return "0" if text in {"-0", "0"} else text


def quantity_text(text: str, units_asked: frozenset[str]) -> str | None:
    """A number with its unit; the unit that the question asks for is left out. None for anything more than that."""
    found = _QUANTITY.fullmatch(text.strip()) if len(text) <= 2 * _MAX_CHARS else None
    number = number_text(found.group("number")) if found else None
    if found is None or number is None:
        return None
    if found.group("sign"):
        number = number_text(f"-{number}") if not number.startswith("-") else None
    words = found.group("unit").strip().rstrip(".").casefold()
    unit = _unit_name(words) if words else _CURRENCIES.get(found.group("currency"), "")
    if number is None or unit is None:
        return None
    return number if not unit or unit in units_asked else f"{number} {unit}"


def units_in(text: str) -> frozenset[str]:
    """The units that a question names; of one kind (lengths, times, ...) only where it names no other of it."""
    words = set(re.findall(r"[a-z%\u00b0]+", text.casefold()))
    named = {_NAMES[word] for word in words if word in _NAMES and (len(word) > 1 or word == "%")}
    named |= {name for symbol, name in _CURRENCIES.items() if symbol in text}
    for kind in _KINDS:
        if len(named & kind) > 1:
            named -= kind
    return frozenset(named | {f"words:{word}" for word in words})


def unit_text(text: str) -> str | None:
    """The one name of a unit that is written out or abbreviated with two letters or more; None for other words."""
    return _NAMES.get(text) if len(text) > 1 and text != "in" else None


_KINDS = (
    {"meter", "kilometer", "centimeter", "millimeter", "mile", "foot", "inch", "yard"},
    {"kilogram", "gram", "pound", "ounce"}, {"liter", "milliliter"}, {"celsius", "fahrenheit"},
    {"second", "minute", "hour", "day", "week", "month", "year"}, {"dollar", "euro", "pound", "yen", "cent"},
)  # fmt: skip


def _unit_name(words: str) -> str | None:
    """One name for up to three words of unit; words that are no known unit stand for themselves."""
    powers = "".join(_POWERS[word] for word in words.split() if word in _POWERS)
    plain = [
        word for word in re.split(r"[\s.]+", words.replace("\u00b2", "").replace("\u00b3", "")) if word not in _POWERS
    ]
    plain = [word for word in plain if word]
    if len(plain) > 3 or not all(re.fullmatch(r"[^\W\d_]+|%|\u00b0[cf]?", word) for word in plain):
        return None
    powers = "2" if "\u00b2" in words else "3" if "\u00b3" in words else powers
    return " ".join(_NAMES.get(word, word) for word in plain) + powers
