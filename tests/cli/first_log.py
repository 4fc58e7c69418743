"""A log of varied calls to one dear model, in the three formats that most teams have, and what the model answered."""

import json
import random
from calendar import month_name
from collections.abc import Callable, Iterator
from typing import Any

TOP = "gpt-4o"
_START = 1_793_534_400.0
_SPACING_SECONDS = 1_500.0

_PEOPLE = ("Ada Byron", "Kofi Mensah", "Lena Vogt", "Raj Patel", "Mei Lin", "Tom Okafor", "Sara Lund", "Ivo Marek")
_CITIES = ("Lisbon", "Tallinn", "Graz", "Leeds", "Porto", "Ghent", "Turin", "Cork", "Lyon", "Bergen")
_GOODS = ("desk lamp", "ring binder", "label printer", "office chair", "monitor arm", "whiteboard", "shredder")
_MOODS = {"positive": ("arrived early and works well", "solved it in one call", "is better than the old one"),
          "negative": ("broke on the second day", "was never answered", "came without its cable"),
          "neutral": ("is the one from the catalogue", "was ordered twice", "stands in the corner")}  # fmt: skip
_QUEUES = {"billing": ("a double charge", "a wrong VAT number"), "shipping": ("a lost parcel", "a new address"),
           "account": ("a lost password", "a second user"), "returns": ("a torn box", "the wrong size")}  # fmt: skip

Asked = tuple[str, str]
"""A prompt and its answer."""


def _extract(rng: random.Random) -> Asked:
    number, person, total = rng.randrange(10_000, 99_999), rng.choice(_PEOPLE), rng.randrange(500, 90_000) / 100
    text = f"Invoice {number} for {person}, {rng.choice(_CITIES)}: {rng.choice(_GOODS)}, total {total:.2f} EUR."
    answer = json.dumps({"invoice": number, "customer": person, "total": total})
    return f"Extract invoice, customer and total from this text as JSON. Reply with JSON only.\n\n{text}", answer


def _mood(rng: random.Random) -> Asked:
    mood = rng.choice(list(_MOODS))
    said = f"the {rng.choice(_GOODS)} {rng.choice(_MOODS[mood])}, order {rng.randrange(9_999)}"
    text = f"{rng.choice(_PEOPLE)} from {rng.choice(_CITIES)} writes: {said}"
    return f"Classify the sentiment as positive, negative or neutral. Reply with one word.\n\n{text}.", mood


def _queue(rng: random.Random) -> Asked:
    queue = rng.choice(list(_QUEUES))
    text = f"{rng.choice(_PEOPLE)} has a question about {rng.choice(_QUEUES[queue])} (ticket {rng.randrange(99_999)})"
    return f"Which queue: billing, shipping, account or returns? Answer with the queue only.\n\nTicket: {text}.", queue


def _arithmetic(rng: random.Random) -> Asked:
    n, usd, off = rng.randrange(2, 60), rng.randrange(3, 400), rng.choice((5, 10, 20, 25))
    answer = f"{n * usd * (100 - off) / 100:.2f}"
    return f"{n} pieces of {rng.choice(_GOODS)} at {usd} USD each, {off} % off. What is due? Only the number.", answer


def _date(rng: random.Random) -> Asked:
    day, month, year = rng.randrange(1, 29), rng.randrange(1, 13), rng.randrange(1990, 2031)
    said = f"{month_name[month]} {day}, {year}"
    return (
        f"Rewrite the date in ISO 8601, nothing else: the lease of {rng.choice(_PEOPLE)} begins on {said}.",
        f"{year}-{month:02d}-{day:02d}",
    )


def _csv(rng: random.Random) -> Asked:
    person, city, n = rng.choice(_PEOPLE), rng.choice(_CITIES), rng.randrange(1, 9_999)
    return (
        f"Write one CSV row with the columns id,name,city for {person} of {city}, whose id is {n}.",
        f"{n},{person},{city}",
    )


KINDS: tuple[Callable[[random.Random], Asked], ...] = (_extract, _mood, _queue, _arithmetic, _date, _csv)


def calls(n_calls: int, seed: int = 0) -> list[Asked]:
    """``n_calls`` different prompts of several kinds, some kinds oftener than others."""
    rng = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < n_calls:
        prompt, answer = rng.choices(KINDS, weights=(5, 3, 4, 2, 1, 2))[0](rng)
        found[prompt] = answer
    return list(found.items())


def wrong(answer: str) -> str:
    """Another answer of the same form, which nothing but the right one can tell from it."""
    for names in (list(_MOODS), list(_QUEUES)):
        if answer in names:
            return names[(names.index(answer) + 1) % len(names)]
    at = max(i for i, character in enumerate(answer) if character.isdigit())
    return answer[:at] + str((int(answer[at]) + 1) % 10) + answer[at + 1 :]


def lines(format_name: str, asked: list[Asked]) -> Iterator[str]:
    """The calls as this format logs them, one a line."""
    for i, (prompt, answer) in enumerate(asked):
        yield json.dumps(_FORMATS[format_name](i, prompt, answer))


def usage_of(prompt: str, answer: str) -> tuple[int, int]:
    """About as many tokens as the prompt and the answer have."""
    return len(prompt) // 4 + 8, len(answer) // 4 + 1


def _openai(i: int, prompt: str, answer: str) -> dict[str, Any]:
    n_in, n_out = usage_of(prompt, answer)
    return {
        "request": {"model": TOP, "messages": [{"role": "user", "content": prompt}]},
        "response": {
            "id": f"chatcmpl-{i}",
            "object": "chat.completion",
            "created": int(_START + i * _SPACING_SECONDS),
            "model": f"{TOP}-2024-08-06",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out},
        },
    }


def _litellm(i: int, prompt: str, answer: str) -> dict[str, Any]:
    n_in, n_out = usage_of(prompt, answer)
    moment = _START + i * _SPACING_SECONDS
    return {
        "id": f"chatcmpl-{i}",
        "call_type": "acompletion",
        "model": TOP,
        "messages": [{"role": "user", "content": prompt}],
        "response": {"choices": [{"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}]},
        "prompt_tokens": n_in,
        "completion_tokens": n_out,
        "startTime": moment,
        "endTime": moment + 1.5,
        "status": "success",
    }


def _otlp(i: int, prompt: str, answer: str) -> dict[str, Any]:
    n_in, n_out = usage_of(prompt, answer)
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": TOP,
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": prompt}]}]),
        "gen_ai.output.messages": json.dumps(
            [{"role": "assistant", "parts": [{"type": "text", "content": answer}], "finish_reason": "stop"}]
        ),
    }
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
    attributes += [
        {"key": f"gen_ai.usage.{name}_tokens", "value": {"intValue": str(n)}}
        for name, n in (("input", n_in), ("output", n_out))
    ]
    moment = int((_START + i * _SPACING_SECONDS) * 1e9)
    span = {
        "traceId": f"{i + 1:032x}",
        "spanId": f"{i + 1:016x}",
        "name": f"chat {TOP}",
        "startTimeUnixNano": str(moment),
        "endTimeUnixNano": str(moment + 1_500_000_000),
        "attributes": attributes,
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


_FORMATS = {"openai": _openai, "litellm": _litellm, "otlp": _otlp}
FORMATS = tuple(_FORMATS)
