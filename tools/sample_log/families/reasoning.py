"""Word problems, facts to chain, and tasks to put in order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words

Asked = tuple[str, float]


def templates() -> list[Template]:
    """The families word_problem, multi_hop and plan_order."""
    problems = [_problem(level, name, ask) for level, name, ask in PROBLEMS]
    hops = [_hop(level, name, count) for level, name, count in HOPS]
    return problems + hops + [_plan(level, name, items) for level, name, items in PLANS]


def _problem(level: int, name: str, ask: Callable[[Random, str], Asked]) -> Template:
    def make(rng: Random) -> Case:
        question, answer = ask(rng, rng.choice(words.FIRST))
        verify = {"kind": "number", "expect": answer, "where": "answer_line", "tolerance": 0.011}
        return Case(question, f"ANSWER: {answer:g}", verify)

    instruction = 'Solve in at most two short lines and end with a line "ANSWER: number".'
    example = Example("A pen costs 3 dollars. What do 4 pens cost?", "4 * 3 = 12\nANSWER: 12")
    return Template("word_problem", "reason", level, name, instruction, (example,), make, max_tokens=90)


def _apples(rng: Random, who: str) -> Asked:
    a, b = rng.randint(3, 12), rng.randint(2, 9)
    return f"{who} has {a + b} apples and gives away {b}. How many are left?", a


def _cost(rng: Random, who: str) -> Asked:
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    return f"{who} buys {a} books at {b} dollars each. How much is it?", a * b


def _together(rng: Random, who: str) -> Asked:
    a, b = rng.randint(3, 30), rng.randint(3, 30)
    return f"{who} has {a} coins and finds {b} more. How many coins has {who} now?", a + b


def _share(rng: Random, who: str) -> Asked:
    a, b = rng.randint(2, 9), rng.randint(2, 6)
    return f"{who} shares {a * b} nuts equally among {b} friends. How many does each get?", a


def _pens(rng: Random, who: str) -> Asked:
    a, b, c = rng.randint(3, 12), rng.randint(3, 9), rng.randint(2, 6)
    return f"{who} buys {a} boxes with {b} pens each and loses {c} pens. How many pens are left?", a * b - c


def _change(rng: Random, who: str) -> Asked:
    a, b = rng.randint(2, 9), rng.randint(2, 10)
    return (
        f"{who} pays {a} tickets of {b} dollars with a 100 dollar note. How much change is there?",
        100 - a * b,
    )


def _average(rng: Random, who: str) -> Asked:
    mean, off = rng.randint(20, 60), rng.randint(1, 15)
    return f"{who} scores {mean - off}, {mean + off} and {mean}. What is the average?", mean


def _trip(rng: Random, who: str) -> Asked:
    speed, hours = rng.randrange(40, 100, 5), rng.randint(2, 6)
    return (
        (f"{who} drives {hours} hours at {speed} km per hour and then {speed // 5} km more. How many km is that?"),
        speed * hours + speed // 5,
    )


def _pay(rng: Random, who: str) -> Asked:
    days, hours, rate, books, price = (
        rng.randint(3, 9),
        rng.randint(2, 8),
        rng.randrange(10, 40, 10),
        rng.randint(2, 5),
        rng.randint(4, 9),
    )
    text = (
        f"{who} works {days} days of {hours} hours at {rate} dollars an hour. A tenth of the pay goes "
        f"to tax, then {who} buys {books} "
    )
    return (
        text + f"books at {price} dollars each. How many dollars are left?",
        days * hours * rate * 0.9 - books * price,
    )


def _tank(rng: Random, who: str) -> Asked:
    fill, leak, hours, start = rng.randint(12, 30), rng.randint(2, 9), rng.randint(3, 9), rng.randint(10, 60)
    text = (
        f"A tank holds {start} litres. {who} adds {fill} litres an hour while {leak} litres an hour "
        f"leak out. After {hours} hours half is sold. "
    )
    return text + "How many litres remain?", (start + (fill - leak) * hours) / 2


def _ages(rng: Random, who: str) -> Asked:
    age, years, factor = rng.randint(4, 12), rng.randint(3, 9), rng.randint(2, 4)
    text = f"{who}'s mother is {factor} times as old as {who}, who was {age} years old {years} years ago."
    return f"{text} How old will the mother be in {years} years?", (age + years) * factor + years


def _discount(rng: Random, who: str) -> Asked:
    price, percent, count = rng.randrange(20, 200, 20), rng.choice([10, 20, 25]), rng.randint(3, 6)
    text = (
        f"Lamps cost {price} dollars, with {percent} percent off from the third one on. {who} buys "
        f"{count}, and pays 7 dollars for delivery."
    )
    return f"{text} What is the total?", 2 * price + (count - 2) * price * (100 - percent) / 100 + 7


PROBLEMS: list[tuple[int, str, Callable[[Random, str], Asked]]] = [
    (1, "apples", _apples),
    (1, "cost", _cost),
    (1, "together", _together),
    (1, "share", _share),
    (2, "pens", _pens),
    (2, "change", _change),
    (2, "average", _average),
    (2, "trip", _trip),
    (3, "pay", _pay),
    (3, "tank", _tank),
    (3, "ages", _ages),
    (3, "discount", _discount),
]

DEPARTMENTS = ("Sales", "Legal", "Design", "Support", "Finance", "Labs", "Ops", "Press", "Field")
HOPS = [
    (1, "department", 4),
    (1, "who", 4),
    (1, "where", 4),
    (2, "city_of_person", 3),
    (2, "person_in_city", 3),
    (2, "city_of_many", 5),
    (3, "city_of_boss", 5),
    (3, "boss_of_boss", 6),
    (3, "colleague_of_boss", 5),
]


def _hop(level: int, name: str, count: int) -> Template:
    def make(rng: Random) -> Case:
        people, cities = rng.sample(words.FIRST, count), rng.sample(words.CITIES, count)
        departments = rng.sample(DEPARTMENTS, count)
        shift = rng.randint(1, count - 1)
        boss = [(place + shift) % count for place in range(count)]
        works = [f"{people[i]} works in {departments[i]}." for i in range(count)]
        located = [f"{departments[i]} is in {cities[i]}." for i in range(count)]
        reports = [f"{people[i]} reports to {people[boss[i]]}." for i in range(count)]
        i = rng.randrange(count)
        facts, question, answer = {
            "department": (works, f"In which department does {people[i]} work?", departments[i]),
            "who": (works, f"Who works in {departments[i]}?", people[i]),
            "where": (located, f"In which city is {departments[i]}?", cities[i]),
            "city_of_person": (works + located, f"In which city does {people[i]} work?", cities[i]),
            "person_in_city": (works + located, f"Who works in {cities[i]}?", people[i]),
            "city_of_many": (works + located, f"In which city does {people[i]} work?", cities[i]),
            "city_of_boss": (
                works + located + reports,
                f"In which city does the person that {people[i]} reports to work?",
                cities[boss[i]],
            ),
            "boss_of_boss": (
                reports + works,
                f"To whom does the boss of {people[i]} report?",
                people[boss[boss[i]]],
            ),
            "colleague_of_boss": (
                works + reports,
                f"In which department does the boss of {people[i]} work?",
                departments[boss[i]],
            ),
        }[name]
        rng.shuffle(facts)
        return Case(f"Facts: {' '.join(facts)} Question: {question}", answer, {"kind": "text", "expect": answer})

    instruction = "Answer from the facts. Reply with only one word."
    example = Example("Facts: Zed works in Audit. Audit is in Bonn. Question: In which city does Zed work?", "Bonn")
    return Template("multi_hop", "reason", level, name, instruction, (example,), make, max_tokens=8)


PLANS = [
    (1, "release", ("build", "test", "deploy")),
    (1, "cooking", ("wash", "cut", "fry")),
    (1, "mail", ("write", "sign", "send")),
    (1, "report", ("collect", "analyse", "present")),
    (2, "software", ("design", "build", "lint", "test", "release")),
    (2, "house", ("ground", "walls", "roof", "windows", "paint")),
    (2, "data", ("fetch", "clean", "join", "train", "publish")),
    (2, "event", ("budget", "venue", "invite", "catering", "party")),
    (3, "migration", ("backup", "freeze", "export", "convert", "import", "verify", "unfreeze")),
    (3, "product", ("research", "sketch", "prototype", "review", "patent", "produce", "ship")),
    (3, "incident", ("detect", "notify", "isolate", "patch", "restart", "verify", "report")),
    (3, "film", ("script", "cast", "shoot", "cut", "score", "mix", "premiere")),
]


def _plan(level: int, name: str, items: tuple[str, ...]) -> Template:
    def make(rng: Random) -> Case:
        order = rng.sample(items, len(items))
        before = [
            [first, order[at]]
            for at in range(1, len(order))
            for first in rng.sample(order[:at], min(at, 1 if level < 3 else 2))
        ]
        rng.shuffle(before)
        constraints = "; ".join(f"{first} before {second}" for first, second in before)
        text = f"Tasks: {', '.join(sorted(items))}. Constraints: {constraints}."
        verify = {"kind": "order_constraints", "items": sorted(items), "before": before}
        return Case(text, ", ".join(order), verify)

    instruction = "Order all tasks so that the constraints hold. Reply with only the task names, separated by commas."
    example = Example("Tasks: cook, eat, shop. Constraints: cook before eat; shop before cook.", "shop, cook, eat")
    return Template("plan_order", "plan", level, name, instruction, (example,), make, max_tokens=12 + 4 * len(items))
