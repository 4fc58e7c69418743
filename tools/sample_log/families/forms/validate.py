"""Check a record: one rule to answer with valid or invalid, or several rules to name those that are
broken.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words

Check = Callable[[Random], tuple[str, bool]]


def templates() -> list[Template]:
    """Single rules at difficulty 1 and 2, lists of rules at 3."""
    single = [_single(level, name, rule, check) for level, name, rule, check in SINGLE]
    several = [
        _several(level, count, form)
        for level, count, form in ((3, 3, "order"), (3, 4, "user"), (3, 4, "order"), (3, 3, "user"))
    ]
    return single + several


def _single(level: int, name: str, rule: str, check: Check) -> Template:
    def make(rng: Random) -> Case:
        text, valid = check(rng)
        answer = "valid" if valid else "invalid"
        return Case(text, answer, {"kind": "text", "expect": answer})

    examples = (Example(*EXAMPLES[name][0]), Example(*EXAMPLES[name][1]))
    instruction = f"{rule} Reply with only valid or invalid."
    return Template("validate_record", "validate", level, name, instruction, examples, make, max_tokens=6)


def _mail_check(rng: Random) -> tuple[str, bool]:
    mail = words.email(rng, words.person(rng))
    valid = rng.random() < 0.5
    return (mail if valid else mail.replace("@", rng.choice([" at ", ".", ""]))), valid


def _filled(rng: Random) -> tuple[str, bool]:
    valid = rng.random() < 0.5
    return f"name: {words.person(rng)}, city: {rng.choice(words.CITIES) if valid else ''}", valid


def _positive(rng: Random) -> tuple[str, bool]:
    amount = rng.randint(1, 900) * rng.choice([1, -1])
    return f"amount: {amount}", amount > 0


def _digits(rng: Random) -> tuple[str, bool]:
    length = rng.choice([5, 5, 4, 6])
    return "zip: " + "".join(rng.choice("0123456789") for _ in range(length)), length == 5


def _total(rng: Random) -> tuple[str, bool]:
    first, second, off = rng.randint(10, 90), rng.randint(10, 90), rng.choice([0, 0, 1, 10])
    return f"items: {first} and {second}, total: {first + second + off}", off == 0


def _dates(rng: Random) -> tuple[str, bool]:
    start, end = rng.sample(range(1, 29), 2)
    month, later = rng.randint(1, 9), rng.choice([0, 0, 1])
    return f"from 2026-{month:02d}-{start:02d} to 2026-{month + later:02d}-{end:02d}", (
        month + later,
        end,
    ) > (month, start)


def _country(rng: Random) -> tuple[str, bool]:
    country, valid = rng.choice(["DE", "US"]), rng.random() < 0.5
    length = {"DE": 11, "US": 9}[country] + (0 if valid else rng.choice([-1, 1]))
    return f"country: {country}, tax number: " + "".join(rng.choice("0123456789") for _ in range(length)), valid


def _discount(rng: Random) -> tuple[str, bool]:
    price, percent = rng.randrange(100, 900, 100), rng.choice([5, 10, 20])
    right, off = price - price * percent // 100, rng.choice([0, 0, 5, 10])
    return f"price: {price}, discount: {percent} percent, to pay: {right + off}", off == 0


SINGLE: list[tuple[int, str, str, Check]] = [
    (1, "mail", "Is this an e-mail address?", _mail_check),
    (1, "filled", "A record is valid when no field is empty.", _filled),
    (1, "positive", "A record is valid when the amount is above zero.", _positive),
    (2, "digits", "A record is valid when the zip has exactly 5 digits.", _digits),
    (2, "total", "A record is valid when the total is the sum of the items.", _total),
    (2, "dates", "A record is valid when the end is later than the start.", _dates),
    (2, "country", "A tax number has 11 digits in DE and 9 digits in US.", _country),
    (2, "discount", "A record is valid when the sum to pay is the price less the discount.", _discount),
]
EXAMPLES = {
    "mail": (("bo@li.org", "valid"), ("bo li.org", "invalid")),
    "filled": (("name: Bo, city: ", "invalid"), ("name: Al, city: Rome", "valid")),
    "positive": (("amount: 5", "valid"), ("amount: -5", "invalid")),
    "digits": (("zip: 123", "invalid"), ("zip: 99999", "valid")),
    "total": (("items: 2 and 3, total: 5", "valid"), ("items: 2 and 3, total: 6", "invalid")),
    "dates": (("from 2026-02-03 to 2026-02-01", "invalid"), ("from 2026-01-01 to 2026-02-01", "valid")),
    "country": (
        ("country: US, tax number: 123456789", "valid"),
        ("country: DE, tax number: 123456789", "invalid"),
    ),
    "discount": (
        ("price: 50, discount: 10 percent, to pay: 45", "valid"),
        ("price: 50, discount: 10 percent, to pay: 50", "invalid"),
    ),
}

ORDER_RULES = (
    "quantity is 1 to 20",
    "the currency is EUR or USD",
    "the id starts with A",
    "express orders are under 100 dollars",
)
USER_RULES = (
    "the name has two words",
    "the age is 18 or more",
    "the mail ends in .org or .net",
    "admins have a phone number",
)


def _several(level: int, count: int, form: str) -> Template:
    rules = (ORDER_RULES if form == "order" else USER_RULES)[:count]
    numbered = " ".join(f"({number}) {rule}." for number, rule in enumerate(rules, start=1))

    def make(rng: Random) -> Case:
        text, broken = (_order if form == "order" else _user)(rng)
        numbers = [number for number in broken if number <= count] or [0]
        answer = ", ".join(map(str, numbers))
        return Case(text, answer, {"kind": "numbers", "expect": numbers})

    instruction = (
        f"Rules: {numbered} Reply with only the numbers of the broken rules, in order, separated by "
        f"commas, or 0 if none is broken."
    )
    sample = (
        "id B7, quantity 50, USD, express, 20 dollars"
        if form == "order"
        else "Bo, age 15, mail bo@x.org, admin, phone 123"
    )
    example = Example(
        sample,
        {("order", 3): "1, 3", ("order", 4): "1, 3", ("user", 3): "1, 2", ("user", 4): "1, 2"}[form, count],
    )
    return Template(
        "validate_record",
        "validate",
        level,
        f"{form}_{count}_rules",
        instruction,
        (example,),
        make,
        max_tokens=10,
    )


def _order(rng: Random) -> tuple[str, list[int]]:
    quantity, currency = rng.choice([3, 12, 20, 21, 60]), rng.choice(["EUR", "USD", "GBP"])
    prefix, express, amount = rng.choice("AAB"), rng.random() < 0.5, rng.choice([30, 80, 140])
    broken = [quantity > 20, currency == "GBP", prefix != "A", express and amount >= 100]
    kind = "express" if express else "standard"
    text = f"id {prefix}{rng.randint(1, 99)}, quantity {quantity}, {currency}, {kind}, {amount} dollars"
    return text, [number for number, is_broken in enumerate(broken, start=1) if is_broken]


def _user(rng: Random) -> tuple[str, list[int]]:
    name = words.person(rng) if rng.random() < 0.6 else rng.choice(words.FIRST)
    age, mail = rng.choice([16, 17, 18, 34]), words.email(rng, name.split()[0])
    admin, phone = rng.random() < 0.5, rng.random() < 0.5
    broken = [" " not in name, age < 18, not mail.endswith((".org", ".net")), admin and not phone]
    text = (
        f"{name}, age {age}, mail {mail}, {'admin' if admin else 'member'}, "
        f"{f'phone {rng.randint(100, 999)}' if phone else 'no phone'}"
    )
    return text, [number for number, is_broken in enumerate(broken, start=1) if is_broken]
