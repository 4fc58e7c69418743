"""Send a ticket to a queue, pick the next tool by name, and decide a case by written rules."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words
from tools.sample_log.families.texts.queue_texts import QUEUES
from tools.sample_log.families.texts.tool_texts import NEXT_TOOL, TOOL_LINES


def templates() -> list[Template]:
    """The families route_ticket, pick_tool and decide_rule."""
    queues = [_queue(level, name) for level, boards in QUEUES.items() for name in boards]
    tools = [_tool(level, name) for level, asks in NEXT_TOOL.items() for name in asks]
    rules = [_rule(level, name, text, fill) for level, name, text, fill in RULES]
    return queues + tools + rules


def _queue(level: int, name: str) -> Template:
    board = QUEUES[level][name]
    listing = "\n".join(f"- {queue}: {about}" for queue, about in board.queues.items())

    def make(rng: Random) -> Case:
        text, queue = rng.choice(board.tickets)
        filled = text.format(
            product=rng.choice(words.PRODUCTS),
            name=rng.choice(words.FIRST),
            n=rng.randint(2, 90),
            city=rng.choice(words.CITIES),
        )
        return Case(filled, queue, {"kind": "text", "expect": queue})

    instruction = f"Choose the queue for the ticket.\n{listing}\nReply with only the queue name."
    return Template("route_ticket", "route", level, name, instruction, (Example(*board.example),), make, max_tokens=8)


def _tool(level: int, name: str) -> Template:
    tool, asks = NEXT_TOOL[level][name]

    def make(rng: Random) -> Case:
        others = rng.sample(
            [other for other in TOOL_LINES if other not in (tool, "web_search")], {1: 2, 2: 4, 3: 7}[level]
        )
        offered = [tool, "web_search", *others]
        rng.shuffle(offered)
        listing = "\n".join(f"- {one}: {TOOL_LINES[one]}" for one in offered)
        ask = rng.choice(asks).format(
            name=rng.choice(words.FIRST),
            n=rng.randint(3, 90),
            city=rng.choice(words.CITIES),
            product=rng.choice(words.PRODUCTS),
        )
        return Case(
            ask,
            tool,
            {"kind": "text", "expect": tool},
            instruction=f"Which tool comes next? Tools:\n{listing}\nReply with only the tool name.",
            tools=tuple(
                {
                    "name": one,
                    "description": TOOL_LINES[one],
                    "parameters": {"type": "object", "properties": {}},
                }
                for one in offered
            ),
        )

    example = Example("Find the population of Peru on the internet.", "web_search")
    return Template("pick_tool", "route", level, name, "", (example,), make, max_tokens=8)


def _rule(level: int, name: str, rules: str, fill: Callable[[Random], tuple[str, str]]) -> Template:
    def make(rng: Random) -> Case:
        case, verdict = fill(rng)
        return Case(case, verdict, {"kind": "text", "expect": verdict})

    instruction = f"Decide by the rules. {rules} Reply with only one word: approve, reject or review."
    example = Example(*fill(Random(f"example of {name}")))
    return Template("decide_rule", "decide", level, name, instruction, (example,), make, max_tokens=6)


def _expense(rng: Random) -> tuple[str, str]:
    limit, amount = 100, rng.choice([20, 45, 80, 99, 120, 260, 430])
    return (
        f"An expense of {amount} dollars by {rng.choice(words.FIRST)}.",
        "approve" if amount <= limit else "reject",
    )


def _stock(rng: Random) -> tuple[str, str]:
    have, want = rng.randint(5, 60), rng.randint(5, 60)
    return (
        f"{want} {rng.choice(words.PRODUCTS)}s ordered, {have} in stock.",
        "approve" if want <= have else "reject",
    )


def _signed(rng: Random) -> tuple[str, str]:
    signed = rng.random() < 0.5
    return (
        f"The form of {words.person(rng)} is {'signed' if signed else 'not signed'}.",
        "approve" if signed else "reject",
    )


def _leave(rng: Random) -> tuple[str, str]:
    days, left, overlap = rng.randint(2, 15), rng.randint(3, 15), rng.random() < 0.3
    verdict = "reject" if days > left else "review" if overlap else "approve"
    clash = f"{rng.choice(words.FIRST)} is away at the same time" if overlap else "nobody else is away"
    return f"{days} days of leave asked, {left} days left, {clash}.", verdict


def _loan(rng: Random) -> tuple[str, str]:
    score, ratio = rng.randrange(520, 800, 10), rng.randrange(15, 60, 5)
    verdict = "reject" if score < 600 else "approve" if ratio <= 35 else "review"
    return f"Credit score {score}, debt ratio {ratio} percent.", verdict


def _return(rng: Random) -> tuple[str, str]:
    days, opened = rng.randint(3, 50), rng.random() < 0.5
    verdict = "reject" if days > 30 else "review" if opened else "approve"
    return (
        f"A {rng.choice(words.PRODUCTS)} bought {days} days ago, box {'opened' if opened else 'sealed'}.",
        verdict,
    )


def _claim(rng: Random) -> tuple[str, str]:
    amount, photos, age, repeat = (
        rng.randrange(100, 3000, 50),
        rng.random() < 0.7,
        rng.randint(1, 40),
        rng.random() < 0.3,
    )
    verdict = (
        "reject"
        if age > 28
        else "review"
        if amount > 2000 or repeat
        else "approve"
        if photos or amount < 300
        else "review"
    )
    return (
        (
            f"Claim of {amount} dollars, {'with' if photos else 'without'} photos, damage {age} days "
            f"ago, {'second' if repeat else 'first'} claim this year."
        ),
        verdict,
    )


def _access(rng: Random) -> tuple[str, str]:
    role, data, trained = (
        rng.choice(["intern", "analyst", "admin"]),
        rng.choice(["public", "internal", "secret"]),
        rng.random() < 0.6,
    )
    if data == "public":
        verdict = "approve"
    elif data == "secret":
        verdict = "review" if role == "admin" and trained else "reject"
    else:
        verdict = "reject" if role == "intern" else "approve" if trained else "review"
    return f"An {role} {'with' if trained else 'without'} training asks for {data} data.", verdict


def _deploy(rng: Random) -> tuple[str, str]:
    failing, day, hotfix = (
        rng.choice([0, 0, 0, 1, 3]),
        rng.choice(["Monday", "Thursday", "Friday"]),
        rng.random() < 0.4,
    )
    verdict = "reject" if failing > 1 else "review" if failing == 1 or (day == "Friday" and not hotfix) else "approve"
    return f"{day}, {failing} failing tests, {'a hotfix' if hotfix else 'a normal change'}.", verdict


RULES: list[tuple[int, str, str, Callable[[Random], tuple[str, str]]]] = [
    (1, "expense", "Approve expenses up to 100 dollars, reject the others.", _expense),
    (1, "stock", "Approve an order when there is enough in stock, else reject.", _stock),
    (1, "signed", "Approve signed forms, reject forms that are not signed.", _signed),
    (
        2,
        "leave",
        ("Reject when more days are asked than are left. Otherwise review when somebody else is away, else approve."),
        _leave,
    ),
    (
        2,
        "loan",
        "Reject a score under 600. Otherwise approve a debt ratio of at most 35 percent, else review.",
        _loan,
    ),
    (
        2,
        "return",
        "Reject after more than 30 days. Otherwise approve sealed boxes and review opened ones.",
        _return,
    ),
    (
        3,
        "claim",
        (
            "Reject damage older than 28 days. Otherwise review anything over 2000 dollars and any "
            "second claim. Otherwise approve "
            "claims with photos, and those under 300 dollars even without; review the rest."
        ),
        _claim,
    ),
    (
        3,
        "access",
        (
            "Public data: approve. Secret data: reject, but review admins with training. Internal "
            "data: reject interns, approve others "
            "with training, review others without."
        ),
        _access,
    ),
    (
        3,
        "deploy",
        (
            "Reject with two or more failing tests. Review with just one failing test. With none, "
            "review Fridays unless it is a hotfix; approve the rest."
        ),
        _deploy,
    ),
]
