"""How figures look on the pages: units, three digits that count, intervals, UTC."""

from datetime import UTC, datetime

from tierwise.data.compared.intervals import Interval

NOTHING = "–"


def usd(value: float | None) -> str:
    """Dollars with cents from one dollar up, three digits that count below.

    >>> usd(1234.5), usd(0.000421), usd(0), usd(None), usd(-2)
    ('$1,234.50', '$0.000421', '$0', '–', '−$2.00')
    """
    if value is None:
        return NOTHING
    if value == 0:
        return "$0"
    if value < 0:
        return f"−{usd(-value)}"
    return f"${value:,.2f}" if abs(value) >= 1 else f"${float(f'{value:.3g}'):.10f}".rstrip("0")


def percent(value: float | None, digits: int = 1) -> str:
    """
    >>> percent(0.7414), percent(-0.0001)
    ('74.1 %', '0.0 %')
    """
    if value is None:
        return NOTHING
    shown = f"{100 * value:.{digits}f}"
    return f"{shown.lstrip('-') if float(shown) == 0 else shown.replace('-', '−')} %"


def interval(found: Interval | None) -> str:
    """The ends of a 95 % interval of a share, in percent.

    >>> interval(Interval(0.5, 0.4, 0.6, 10, 9.0))
    '[40.0, 60.0]'
    """
    if found is None or found.low is None or found.high is None:
        return ""
    return f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"


def number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def duration(milliseconds: float | None) -> str:
    """
    >>> duration(0.84), duration(310), duration(71_000)
    ('0.84 ms', '310 ms', '71 s')
    """
    if milliseconds is None:
        return NOTHING
    if milliseconds < 10:
        return f"{milliseconds:.2g} ms"
    if milliseconds < 10_000:
        return f"{milliseconds:,.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 1000:,.0f} s"


def moment(seconds: float | None) -> str:
    """
    >>> moment(1_800_000_000)
    '2027-01-15 08:00:00'
    """
    return NOTHING if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def day(seconds: float | None) -> str:
    return NOTHING if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


FILTERS = {
    "usd": usd,
    "percent": percent,
    "interval": interval,
    "number": number,
    "duration": duration,
    "moment": moment,
    "day": day,
}
