"""Times of day: adding to them, moving them between zones, arriving in another one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template

# Summer offsets to UTC in minutes; they stand in the question, so nothing has to be known by heart.
ZONES = {
    "Lisbon": 60,
    "Berlin": 120,
    "Nairobi": 180,
    "Dubai": 240,
    "Tokyo": 540,
    "New York": -240,
    "Denver": -360,
}
ODD_ZONES = {"Mumbai": 330, "Kathmandu": 345, "Adelaide": 570, "St. Johns": -150}
Asked = tuple[str, int]
MINUTES_A_DAY = 24 * 60


def templates() -> list[Template]:
    """Sums within the day, then one zone, then two zones and a journey."""
    rows: list[tuple[int, str, Callable[[Random], Asked]]] = [
        (1, "add_hours", _add_hours),
        (1, "add_minutes", _add_minutes),
        (1, "to_24h", _to_24h),
        (1, "drop_seconds", _drop_seconds),
        (2, "utc_to_zone", _utc_to_zone),
        (2, "zone_to_utc", _zone_to_utc),
        (2, "duration", _duration),
        (2, "subtract", _subtract),
        (3, "zone_to_zone", lambda rng: _zone_to_zone(rng, ZONES)),
        (3, "odd_offsets", lambda rng: _zone_to_zone(rng, ODD_ZONES)),
        (3, "arrival", _arrival),
        (3, "repeated", _repeated),
    ]
    return [_template(level, name, ask) for level, name, ask in rows]


def _template(level: int, name: str, ask: Callable[[Random], Asked]) -> Template:
    def make(rng: Random) -> Case:
        question, minutes = ask(rng)
        answer = _clock(minutes)
        return Case(question, answer, {"kind": "text", "expect": answer, "exact": True})

    instruction = "Reply with only a time or duration as HH:MM."
    example = Example("What time is it 30 minutes after 08:45?", "09:15")
    return Template("time_zone", "compute", level, name, instruction, (example,), make, max_tokens=10)


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes % MINUTES_A_DAY, 60)
    return f"{hours:02d}:{rest:02d}"


def _offset(minutes: int) -> str:
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"


def _time(rng: Random) -> int:
    return rng.randrange(0, MINUTES_A_DAY, 5)


def _add_hours(rng: Random) -> Asked:
    start, hours = rng.randrange(0, 17 * 60, 15), rng.randint(1, 6)
    return f"What time is it {hours} hours after {_clock(start)}?", start + hours * 60


def _add_minutes(rng: Random) -> Asked:
    start, minutes = rng.randint(6, 20) * 60 + rng.choice([0, 10, 20]), rng.choice([5, 10, 15, 20, 25])
    return f"What time is it {minutes} minutes after {_clock(start)}?", start + minutes


def _to_24h(rng: Random) -> Asked:
    minutes = rng.randint(1, 11) * 60 + rng.randrange(0, 60, 5)
    evening = rng.random() < 0.6
    text = f"{minutes // 60}:{minutes % 60:02d} {'pm' if evening else 'am'}"
    return f"Write {text} on the 24-hour clock.", minutes + 720 * evening


def _drop_seconds(rng: Random) -> Asked:
    minutes = rng.randrange(0, MINUTES_A_DAY)
    return f"Write {_clock(minutes)}:{rng.randint(0, 59):02d} without the seconds.", minutes


def _utc_to_zone(rng: Random) -> Asked:
    zone, start = rng.choice(list(ZONES)), _time(rng)
    return (
        f"It is {_clock(start)} in UTC. What time is it in {zone} ({_offset(ZONES[zone])})?",
        start + ZONES[zone],
    )


def _zone_to_utc(rng: Random) -> Asked:
    zone, start = rng.choice(list(ZONES)), _time(rng)
    return (
        f"It is {_clock(start)} in {zone} ({_offset(ZONES[zone])}). What time is it in UTC?",
        start - ZONES[zone],
    )


def _duration(rng: Random) -> Asked:
    start, length = rng.randrange(5 * 60, 12 * 60, 5), rng.randrange(35, 600, 5)
    return f"How long is it from {_clock(start)} to {_clock(start + length)}?", length


def _subtract(rng: Random) -> Asked:
    start, length = rng.randrange(12 * 60, 23 * 60, 5), rng.randrange(65, 300, 5)
    return (
        f"What time was it {length // 60} hours {length % 60} minutes before {_clock(start)}?",
        start - length,
    )


def _zone_to_zone(rng: Random, zones: dict[str, int]) -> Asked:
    source, target = rng.sample(sorted(zones), 2)
    start = _time(rng)
    where = f"{source} ({_offset(zones[source])})"
    return (
        f"It is {_clock(start)} in {where}. What time is it in {target} ({_offset(zones[target])})?",
        start - zones[source] + zones[target],
    )


def _arrival(rng: Random) -> Asked:
    source, target = rng.sample(sorted(ZONES), 2)
    start, length = _time(rng), rng.randrange(95, 700, 5)
    text = (
        f"A flight leaves {source} ({_offset(ZONES[source])}) at {_clock(start)} and takes "
        f"{length // 60} hours {length % 60} minutes. "
    )
    return (
        text + f"At what local time does it land in {target} ({_offset(ZONES[target])})?",
        start + length - ZONES[source] + ZONES[target],
    )


def _repeated(rng: Random) -> Asked:
    start, every, times = (
        rng.randrange(5 * 60, 10 * 60, 5),
        rng.choice([25, 35, 40, 45, 55, 70]),
        rng.randint(4, 9),
    )
    return (
        f"A job first runs at {_clock(start)} and then every {every} minutes. When does run number {times} start?",
        start + every * (times - 1),
    )
