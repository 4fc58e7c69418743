"""Personal data that tells by its form what it is: addresses, numbers of accounts, cards, phones and machines."""

import re
from collections.abc import Iterator

from tierwise.data.sensitive.rule import NumberRule, Rule, View, WordRule, kind_of

_MAX_LOCAL_CHARS = 64


class _EmailRule(WordRule):
    """What stands before an ``@`` is read backwards from it."""

    _local_part = re.compile(r"[\w.%+-]+")

    def starts(self, view: View) -> Iterator[int]:
        text, at = view.text, view.text.find("@")
        while at >= 0:
            local = self._local_part.match(text[max(0, at - _MAX_LOCAL_CHARS) : at][::-1])
            if local:
                yield at - local.end()
            at = text.find("@", at + 1)


def _email(match: re.Match[str]) -> str:
    """``git@`` is how everybody logs in to a repository."""
    return match.group() if match.group().startswith("git@") else "[email]"


def _card(match: re.Match[str]) -> str:
    """A number that passes the check of Luhn (ISO/IEC 7812-1) and begins as one of a card."""
    digits = [int(char) for char in match.group() if char.isdigit()]
    doubled = [
        digit if i % 2 == 0 else (2 * digit - 9 if digit > 4 else 2 * digit) for i, digit in enumerate(digits[::-1])
    ]
    return "[card]" if sum(doubled) % 10 == 0 and digits[0] in (2, 3, 4, 5, 6) else match.group()


def _iban(match: re.Match[str]) -> str:
    """The longest part that passes the check of ISO 13616; capitals that follow are no part of it."""
    parts = re.findall(r"\S+", match.group())
    for n_parts in range(len(parts), 0, -1):
        taken = "".join(parts[:n_parts])
        if 15 <= len(taken) <= 34 and _iban_rest(taken) == 1:
            rest = match.group()[_end_of(match.group(), parts[:n_parts]) :]
            return f"[iban]{rest}"
    return match.group()


def _iban_rest(iban: str) -> int:
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97


def _end_of(text: str, parts: list[str]) -> int:
    end = 0
    for part in parts:
        end = text.index(part, end) + len(part)
    return end


def _phone(match: re.Match[str]) -> str:
    n_digits = sum(map(str.isdigit, match.group()))
    return "[phone]" if 9 <= n_digits <= 15 else match.group()


def _ip(match: re.Match[str]) -> str:
    """Addresses of version 6 need a digit: names of programs are written with ``::`` too, and so are slices."""
    if _SLICE.search(match.string[max(0, match.start() - 2) : match.start()]):
        return match.group()
    text = match.group().rstrip(":.")
    rest = match.group()[len(text) :]
    if text.endswith("::") or rest.startswith("::"):
        text, rest = match.group(), ""
    if text.count(":") < 2 or not any(map(str.isdigit, text)):
        return match.group()
    n_groups, n_gaps = text.count(":") + 1, text.count("::")
    is_whole = (n_groups == 8 and n_gaps == 0) or (n_groups <= 9 and n_gaps == 1 and ":::" not in text)
    return f"[ip]{rest}" if is_whole and _GROUPS.match(text) else match.group()


_SLICE = re.compile(r"[\w)\]]\[\Z")
_GROUPS = re.compile(r"(?:[0-9A-Fa-f]{0,4}:){2,8}(?:[0-9A-Fa-f]{0,4}|\d{1,3}(?:\.\d{1,3}){3})\Z")


PERSONAL_RULES: tuple[Rule, ...] = (
    _EmailRule(
        re.compile(rf"[\w.%+-]{{1,{_MAX_LOCAL_CHARS}}}@(?:[\w-]{{1,63}}\.){{1,8}}[^\W\d_]{{2,24}}\b"), _email, ("@",)
    ),
    NumberRule(
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        _iban,
        re.compile(rb"AA00 ?[A0]{4}"),
        gate=(b"AA00",),
    ),
    NumberRule(
        re.compile(
            r"(?<![\d.])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{5}|\d{13,19})(?!\d|[.,]\d)"
        ),
        _card,
        re.compile(rb"0(?<!00)000 ?0000"),
        gate=(b"00000000", b"0000 0000"),
    ),
    NumberRule(
        re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), kind_of("ssn"), re.compile(rb"0(?<!00)00 00 0000"),
        gate=(b"000 00 0000",),
    ),
    NumberRule(
        re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)"), kind_of("ssn"), re.compile(rb"0(?<!00)00 000 000 00"),
        gate=(b"000 000 000 00",),
    ),
    WordRule(
        re.compile(
            r"(?P<name>(?:phone|telephone|tel|mobile|cell|fax|whatsapp)(?:[ _-]?(?:number|no|nr))?\.?"
            r"\\{0,3}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}[\"']?)\+?\(?\d[\d ().-]{5,18}\d",
            re.IGNORECASE,
        ),
        lambda match: f"{match['name']}[phone]",
        ("phone", "telephone", "tel", "mobile", "cell", "fax", "whatsapp"),
        ("phone", "tel", "mobile", "cell", "fax", "whatsapp"),
    ),
    WordRule(
        re.compile(r"(?<![\w.])(?:\+|00(?=[1-9]\d? ))\d{1,3}[ ./-]?\(?\d{1,4}\)?(?:[ ./-]?\d{2,4}){2,4}\b"),
        _phone,
        ("+", "00"),
    ),
    NumberRule(
        re.compile(r"(?<![\w.+-])\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"),
        kind_of("phone"),
        re.compile(rb"0(?<!00)00  ?000 0000"),
        before=1,
        gate=(b"000 000 0000", b"000  000 0000"),
    ),
    NumberRule(  # 020 7946 0958, (030) 1234567, 06 12 34 56 78: the trunk prefix 0 marks a national number
        re.compile(r"(?<![\w.,:/+-])(?<!\d )\(?0[1-9]\d{0,4}\)?[ /-](?:\d{2,8}[ -]?){1,4}(?<=\d)(?![\w:/]|[.,]\d| \d)"),
        _phone,
        re.compile(rb"0(?<!00)0{1,6} {1,2}00"),
        before=1,
        gate=(b"0 00", b"0  00"),
    ),
    NumberRule(
        re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\d|-\d)"),
        kind_of("ip"),
        re.compile(rb"0(?<!00)0?0? 00?0? 00?0? 0"),
        gate=(b" 0 0", b" 00 0", b" 000 0"),
    ),
    NumberRule(
        re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{2,39}(?:\d{1,3}(?:\.\d{1,3}){3})?(?!\w)"),
        _ip,
        re.compile(rb":[0Ax]{0,4}:"),
        before=4,
        gate=(b":",),
    ),
)  # fmt: skip
