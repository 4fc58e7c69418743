"""Extract fields into JSON; at difficulty 3 another person, an older invoice or a wrong amount is in the
way.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words

PATTERNS: dict[int, dict[str, tuple[str, str]]] = {
    1: {
        "contact": ("name email", "Please contact {name} at {email}."),
        "signature": ("name city", "Best regards, {name}, writing from {city}"),
        "caller": ("name phone", "Missed call: {name} rang from {phone}."),
        "bill": ("invoice amount", "Invoice {invoice} is for {amount} dollars."),
        "visitor": ("name company", "Visitor today: {name} of {company}"),
        "order_line": ("product quantity", "Order: {quantity} x {product}"),
        "subscriber": ("email city", "New subscriber {email} ({city})"),
    },
    2: {
        "paid": (
            "name email invoice amount",
            "Hi team, {name} ({email}) has paid {amount} dollars for {invoice} yesterday, thanks.",
        ),
        "order": (
            "name product quantity city",
            "{name} would like {quantity} units of our {product}, shipped to {city} please.",
        ),
        "lead": (
            "name company phone",
            "Met {name} from {company} at the fair, keen on a demo, number is {phone}.",
        ),
        "reminder": (
            "invoice amount company",
            "Second reminder: {company} still owes us {amount} dollars on {invoice}.",
        ),
        "return": (
            "name product invoice",
            "The {product} on {invoice} came back, {name} says it never switched on.",
        ),
        "move": ("name city phone", "{name} has moved to {city} and can now be reached by {phone}."),
        "signup": ("name email company", "{name} just signed up for {company}, login mail is {email}."),
    },
    3: {
        "void": (
            "name invoice amount city",
            (
                "{other} wrote: the earlier invoice {old_invoice} of {old_amount} dollars was void. "
                "The valid one is {invoice}, "
                "{amount} dollars, to be billed to {name} in {city} - not to me."
            ),
        ),
        "forwarded": (
            "name email phone",
            (
                "Fwd by {other} ({old_email}): my colleague {name} takes over. Use {email} from now "
                "on, the phone stays {phone}."
            ),
        ),
        "corrected": (
            "product quantity amount",
            (
                "{other} first asked for {old_quantity} pieces, then made it {quantity}. It is the "
                "{product}; after the rebate the total "
                "falls from {old_amount} to {amount} dollars."
            ),
        ),
        "assistant": (
            "name company email",
            (
                "I am {other}, assistant to {name}. We left {old_company} and are at {company} now. "
                "My mail is {old_email}, but write "
                "to {email} for signing."
            ),
        ),
        "split": (
            "invoice amount name",
            (
                "Of the {old_amount} dollars on {invoice}, {other} settled a part; what remains is "
                "{amount} dollars, and {name} will pay it."
            ),
        ),
        "relocated": (
            "name city product invoice",
            (
                "Not {old_city}: {city}. {name} wants the {product} there, as {invoice} says and "
                "{old_invoice} did not. Ask {other} if lost."
            ),
        ),
    },
}
ROLES = {
    "paid": "payer",
    "void": "payer who is billed",
    "forwarded": "new contact",
    "assistant": "person who signs",
    "split": "person who still has to pay",
}
NUMERIC = frozenset({"amount", "quantity"})


def templates() -> list[Template]:
    """One template per sentence pattern."""
    return [
        _template(level, name, fields.split(), text)
        for level, rows in PATTERNS.items()
        for name, (fields, text) in rows.items()
    ]


def _template(level: int, name: str, fields: list[str], pattern: str) -> Template:
    role = ROLES.get(name)
    target = f" Name and contact are those of the {role}." if role else ""
    sample = {
        "name": "Ana Ruiz",
        "email": "ana@x.org",
        "invoice": "INV-0001",
        "amount": 12.5,
        "city": "Rome",
        "phone": "+44 111 2222",
    }
    sample |= {"company": "Bolt", "product": "fan", "quantity": 2}
    answer = {field: sample[field] for field in fields}
    example = Example("; ".join(f"{field} {value}" for field, value in answer.items()), json.dumps(answer))

    def make(rng: Random) -> Case:
        facts = _facts(rng)
        gold = {field: facts[field] for field in fields}
        return Case(
            input=pattern.format(**facts),
            gold=json.dumps(gold),
            verify={"kind": "json_equal", "expect": gold},
            response_schema=_schema(fields),
        )

    instruction = (
        f"Extract {', '.join(fields)} as one JSON object with just these keys.{target} Reply with only the JSON."
    )
    return Template(
        "extract_json",
        "extract",
        level,
        name,
        instruction,
        (example,),
        make,
        max_tokens=36 + 12 * len(fields),
    )


def _facts(rng: Random) -> dict[str, Any]:
    name, other = words.person(rng), words.person(rng)
    company, old_company = rng.sample(words.COMPANIES, 2)
    city, old_city = rng.sample(words.CITIES, 2)
    number, quantity, amount = rng.randint(1000, 8000), rng.randint(2, 40), words.price(rng)
    return {
        "name": name,
        "other": other,
        "email": words.email(rng, name),
        "old_email": words.email(rng, other),
        "company": company,
        "old_company": old_company,
        "city": city,
        "old_city": old_city,
        "invoice": f"INV-{number}",
        "old_invoice": f"INV-{number - rng.randint(1, 400)}",
        "quantity": quantity,
        "old_quantity": quantity + rng.randint(1, 9),
        "amount": amount,
        "old_amount": round(amount * 1.3, 2),
        "phone": f"+{rng.randint(20, 99)} {rng.randint(100, 999)} {rng.randint(1000, 9999)}",
        "product": rng.choice(words.PRODUCTS),
    }


def _schema(fields: list[str]) -> dict[str, Any]:
    properties = {field: {"type": "number" if field in NUMERIC else "string"} for field in fields}
    return {"type": "object", "properties": properties, "required": fields, "additionalProperties": False}
