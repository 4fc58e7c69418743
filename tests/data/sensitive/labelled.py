"""The labelled set of redaction: kinds of secrets and of personal data, each in many forms, made from a seed.

Two groups: what tells by its own form what it is stands in ``CONTEXTS``; what is known by its name only stands in
``ASSIGNMENTS``. Every value is drawn anew for every form. Nothing here is anybody's: digits and letters are random.
"""

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

LETTERS, DIGITS = string.ascii_letters, string.digits
ALNUM, HEX, UPPER = LETTERS + DIGITS, "0123456789abcdef", string.ascii_uppercase + DIGITS
URLSAFE = ALNUM + "-_"


@dataclass(frozen=True)
class Sample:
    """A text, the kind and the form it was made from, and what must not be left of it."""

    kind: str
    form: str
    text: str
    secret: str


def labelled(seed: int = 7) -> Iterator[Sample]:
    for kind, make in VALUES.items():
        for form, write in CONTEXTS.items():
            draw = random.Random(f"{seed} {kind} {form}")
            value = make(draw)
            yield Sample(kind, form, write(value), value)
    for name, make in NAMED.items():
        for form, assign in ASSIGNMENTS.items():
            draw = random.Random(f"{seed} {name} {form}")
            value = make(draw)
            yield Sample(f"named: {name}", form, assign(name, value), value)


def some(draw: random.Random, alphabet: str, n: int) -> str:
    """``n`` characters; long draws hold a digit, as every issuer's do."""
    drawn = [draw.choice(alphabet) for _ in range(n)]
    if n >= 12 and "0" in alphabet and not any(map(str.isdigit, drawn)):
        drawn[n // 2] = draw.choice(DIGITS)
    return "".join(drawn)


def prefixed(prefix: str, alphabet: str, n: int) -> Callable[[random.Random], str]:
    return lambda draw: prefix + some(draw, alphabet, n)


def _jwt(draw: random.Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": some(draw, DIGITS, 10), "name": "x"})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, some(draw, URLSAFE, 43)])


def _block(label: str, headers: str = "") -> Callable[[random.Random], str]:
    def make(draw: random.Random) -> str:
        body = "\n".join(some(draw, ALNUM + "+/", 64) for _ in range(4))
        return f"-----BEGIN {label}-----\n{headers}{body}\n-----END {label}-----"

    return make


def _card(lengths: tuple[int, ...], first: str, separator: str = " ") -> Callable[[random.Random], str]:
    def make(draw: random.Random) -> str:
        body = first + some(draw, DIGITS, sum(lengths) - len(first) - 1)
        digits = body + next(last for last in DIGITS if _luhn(body + last))
        groups, at = [], 0
        for length in lengths:
            groups.append(digits[at : at + length])
            at += length
        return separator.join(groups)

    return make


def _luhn(digits: str) -> bool:
    values = [int(char) for char in digits[::-1]]
    return sum(d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(values)) % 10 == 0


def _iban(draw: random.Random) -> str:
    country, n = draw.choice([("DE", 18), ("FR", 23), ("NL", 14), ("ES", 20), ("GB", 18)])
    body = some(draw, DIGITS, n)
    if country in ("NL", "GB"):
        body = some(draw, string.ascii_uppercase, 4) + body[4:]
    check = 98 - int("".join(str(int(char, 36)) for char in f"{body}{country}00")) % 97
    whole = f"{country}{check:02d}{body}"
    return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4)) if draw.random() < 0.5 else whole


def _email(draw: random.Random) -> str:
    local = draw.choice(["ada", "grace.hopper", "li_na", "jürgen", "o.b+news"]) + some(draw, DIGITS, 2)
    return f"{local}@{draw.choice(['example.org', 'mail.example.co.uk', 'exämple.de', 'x-y.io'])}"


def _pattern(*shapes: str) -> Callable[[random.Random], str]:
    """Each ``#`` becomes a digit, each ``9`` one that is not 0 or 1."""

    def make(draw: random.Random) -> str:
        return "".join(
            draw.choice(DIGITS) if char == "#" else draw.choice("23456789") if char == "9" else char
            for char in draw.choice(shapes)
        )

    return make


def _ipv4(draw: random.Random) -> str:
    return ".".join(str(draw.randrange(1, 255)) for _ in range(4))


def _ipv6(draw: random.Random) -> str:
    groups = ["2001", "db8", *(some(draw, HEX[1:], 4) for _ in range(6))]
    if draw.random() < 0.5:
        return ":".join([*groups[:4], "", *groups[6:]]).replace("db8", "db81")
    return ":".join(groups)


VALUES: dict[str, Callable[[random.Random], str]] = {
    "OpenAI key": lambda draw: draw.choice(["sk-proj-", "sk-", "sk-svcacct-"]) + some(draw, ALNUM, 48),
    "Anthropic key": prefixed("sk-ant-api03-", URLSAFE, 80),
    "GitHub token": lambda draw: draw.choice(["ghp_", "gho_", "ghs_", "ghu_", "ghr_"]) + some(draw, ALNUM, 36),
    "GitHub fine-grained token": lambda draw: f"github_pat_{some(draw, ALNUM, 22)}_{some(draw, ALNUM, 59)}",
    "GitLab token": lambda draw: draw.choice(["glpat-", "glrt-", "gldt-", "glptt-"]) + some(draw, URLSAFE, 20),
    "Slack token": lambda draw: f"{draw.choice(['xoxb', 'xoxp', 'xoxa'])}-{some(draw, DIGITS, 12)}-{some(draw, ALNUM, 24)}",
    "Slack app token": lambda draw: f"xapp-1-A{some(draw, UPPER, 10)}-{some(draw, DIGITS, 13)}-{some(draw, HEX, 64)}",
    "Slack webhook": lambda draw: f"hooks.slack.com/services/T{some(draw, UPPER, 8)}/B{some(draw, UPPER, 8)}/{some(draw, ALNUM, 24)}",
    "Discord webhook": lambda draw: f"discord.com/api/webhooks/{some(draw, DIGITS, 18)}/{some(draw, URLSAFE, 68)}",
    "SendGrid key": lambda draw: f"SG.{some(draw, URLSAFE, 22)}.{some(draw, URLSAFE, 43)}",
    "AWS key id": lambda draw: draw.choice(["AKIA", "ASIA"]) + some(draw, string.ascii_uppercase + "234567", 16),
    "Google API key": prefixed("AIza", URLSAFE, 35),
    "Google OAuth": lambda draw: draw.choice(["ya29.", "GOCSPX-"]) + some(draw, URLSAFE, 28),
    "Stripe key": lambda draw: draw.choice(["sk_live_", "rk_live_", "sk_test_", "whsec_"]) + some(draw, ALNUM, 24),
    "Twilio": lambda draw: draw.choice(["AC", "SK"]) + some(draw, HEX, 32),
    "Hugging Face token": prefixed("hf_", ALNUM, 34),
    "npm token": prefixed("npm_", ALNUM, 36),
    "PyPI token": prefixed("pypi-AgEIcHlwaS5vcmc", URLSAFE, 70),
    "Telegram bot token": lambda draw: f"{some(draw, '123456789', 9)}:AA{some(draw, URLSAFE, 33)}",
    "DigitalOcean token": prefixed("dop_v1_", HEX, 64),
    "Shopify token": prefixed("shpat_", HEX, 32),
    "Vault token": prefixed("hvs.", URLSAFE, 90),
    "Databricks token": prefixed("dapi", HEX, 32),
    "Groq key": prefixed("gsk_", ALNUM, 52),
    "LangSmith key": lambda draw: f"lsv2_pt_{some(draw, HEX, 32)}_{some(draw, HEX, 10)}",
    "Langfuse key": lambda draw: f"sk-lf-{uuid.UUID(int=draw.getrandbits(128))}",
    "JSON web token": _jwt,
    "RSA private key": _block("RSA PRIVATE KEY"),
    "encrypted private key": _block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B2C3D\n\n"),
    "OpenSSH private key": _block("OPENSSH PRIVATE KEY"),
    "PGP private key": _block("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2\n\n"),
    "email": _email,
    "card": _card((4, 4, 4, 4), "4"),
    "card, dashes": _card((4, 4, 4, 4), "5", "-"),
    "card, unspaced": _card((16,), "4", ""),
    "card, American Express": _card((4, 6, 5), "37"),
    "IBAN": _iban,
    "US social security number": _pattern("9##-9#-9###"),
    "Brazilian CPF": _pattern("9##.###.###-##"),
    "phone, international": _pattern("+49 170 9######", "+1 415 9## ####", "+44 20 7### ####", "+33 6 ## ## ## ##", "+919#########"),
    "phone, United States": _pattern("(9##) 9##-####", "9##-9##-####", "9##.9##.####", "9## 9## ####"),
    "phone, United Kingdom": _pattern("020 7### ####", "07### ######", "0161 9## ####"),
    "phone, Germany": _pattern("030 9#######", "0170 9######", "089/9#######", "(040) 9######"),
    "phone, France": _pattern("06 9# 9# ## ##", "01 9# 9# ## ##"),
    "IPv4": _ipv4,
    "IPv6": _ipv6,
}  # fmt: skip

CONTEXTS: dict[str, Callable[[str], str]] = {
    "alone": lambda v: v,
    "in a sentence": lambda v: f"Please use {v} for the next call",
    "at the end of a sentence": lambda v: f"The one to use is {v}.",
    "before a comma": lambda v: f"Take {v}, then go on",
    "in parentheses": lambda v: f"the old one ({v}) was revoked",
    "in double quotes": lambda v: f'they wrote "{v}" on the ticket',
    "in single quotes": lambda v: f"x = '{v}'",
    "in backticks": lambda v: f"run it with `{v}` please",
    "in a fence": lambda v: f"```\n{v}\n```",
    "JSON": lambda v: json.dumps({"note": v}, ensure_ascii=False),
    "JSON in JSON": lambda v: json.dumps({"body": json.dumps({"note": v}, ensure_ascii=False)}, ensure_ascii=False),
    "a Python dictionary": lambda v: repr({"note": v, "n": 1}),
    "a list": lambda v: json.dumps(["a", v, "b"], ensure_ascii=False),
    "XML": lambda v: f"<value>{v}</value>",
    "an attribute": lambda v: f'<a title="{v}">x</a>',
    "a row of CSV": lambda v: f'1,"{v}",yes',
    "after a colon": lambda v: f"value: {v}",
    "after an equals sign": lambda v: f"VALUE={v}",
    "after a tab": lambda v: f"name\t{v}\tlast",
    "on a line of its own": lambda v: f"see below\n\n{v}\n\nthanks",
    "in a log line": lambda v: f"2026-11-01T12:00:00Z INFO worker[12] got {v} from upstream",
    "in a question": lambda v: f"Is {v}?",
    "in Japanese": lambda v: f"これは {v} です",
    "before a semicolon": lambda v: f"a {v}; b",
    "Markdown": lambda v: f"- **note**: {v}\n- more",
}

_PASSWORD: Callable[[random.Random], str] = lambda draw: draw.choice(  # noqa: E731
    ["hunter", "Summer", "correct-horse", "p@ss", "Tr0ub4dor"]
) + some(draw, DIGITS, 3) + draw.choice(["", "!", "#x"])  # fmt: skip
_OPAQUE: Callable[[random.Random], str] = lambda draw: some(draw, ALNUM, draw.choice([20, 32, 40]))  # noqa: E731

NAMED: dict[str, Callable[[random.Random], str]] = {
    "password": _PASSWORD,
    "DB_PASSWORD": _PASSWORD,
    "passwd": _PASSWORD,
    "userPassword": _PASSWORD,
    "api_key": _OPAQUE,
    "apiKey": _OPAQUE,
    "x-api-key": _OPAQUE,
    "access_token": _OPAQUE,
    "refresh_token": _OPAQUE,
    "client_secret": _OPAQUE,
    "AWS_SECRET_ACCESS_KEY": lambda draw: some(draw, ALNUM + "+/", 40),
    "AccountKey": lambda draw: some(draw, ALNUM + "+/", 86) + "==",
    "SharedAccessKey": lambda draw: some(draw, ALNUM + "+/", 43) + "=",
    "private_key": _OPAQUE,
    "SESSION_SECRET": _OPAQUE,
}

ASSIGNMENTS: dict[str, Callable[[str, str], str]] = {
    "environment": lambda n, v: f"{n}={v}",
    "export": lambda n, v: f"export {n}='{v}'",
    "double-quoted": lambda n, v: f'{n}="{v}"',
    "YAML": lambda n, v: f"db:\n  {n}: {v}\n  port: 5432",
    "quoted YAML": lambda n, v: f'{n}: "{v}"',
    "TOML": lambda n, v: f'{n} = "{v}"',
    "INI": lambda n, v: f"{n} = {v}",
    "JSON": lambda n, v: json.dumps({n: v}),
    "tight JSON": lambda n, v: json.dumps({n: v, "n": 1}, separators=(",", ":")),
    "JSON over lines": lambda n, v: json.dumps({n: v, "n": 1}, indent=2),
    "JSON in JSON": lambda n, v: json.dumps({"body": json.dumps({n: v})}),
    "JSON in JSON in JSON": lambda n, v: json.dumps(json.dumps(json.dumps({n: v}))),
    "an object": lambda n, v: json.dumps({n: {"value": v}}),
    "a Python dictionary": lambda n, v: repr({n: v}),
    "a keyword": lambda n, v: f"connect({n}='{v}', timeout=5)",
    "JavaScript": lambda n, v: f"const {n} = `{v}`;",
    "a query": lambda n, v: f"https://x.example/v1?a=1&{n}={v.replace('#', '').replace('+', '').replace('/', '')}&b=2",
    "the first of a query": lambda n, v: (
        f"https://x.example/v1?{n}={v.replace('#', '').replace('+', '').replace('/', '')}"
    ),
    "a header": lambda n, v: f"{n}: {v}",
    "curl": lambda n, v: f'curl -H "{n}: {v}" https://x.example',
    "a flag": lambda n, v: f"tool --{n} {v} --verbose",
    "a flag with equals": lambda n, v: f"tool --{n}={v} --verbose",
    "XML": lambda n, v: f"<{n}>{v}</{n}>",
    "a sentence": lambda n, v: f"My {n} is {v}, please log in",
    "after other names": lambda n, v: f"PROD_{n}={v}",
}

OTHERS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "card, then its expiry": lambda draw: (lambda v: (f"pay with {v} 12/27 and cvv 123", v))(_card((4, 4, 4, 4), "4")(draw)),
    "password of an address": lambda draw: (lambda v: (f"postgres://app:{v}@db.internal:5432/x", v))(_OPAQUE(draw)),
    "address without a user": lambda draw: (lambda v: (f"redis://:{v}@cache:6379/0", v))(_OPAQUE(draw)),
    "bearer": lambda draw: (lambda v: (f"Authorization: Bearer {v}", v))(_OPAQUE(draw)),
    "basic": lambda draw: (lambda v: (f"authorization: Basic {v}=", v))(_OPAQUE(draw)),
    "another scheme": lambda draw: (lambda v: (f'"Authorization": "Token {v}"', v))(_OPAQUE(draw)),
    "cookie": lambda draw: (lambda v: (f"Cookie: sid={v}; theme=dark", v))(_OPAQUE(draw)),
    "signed address": lambda draw: (lambda v: (f"https://a.blob.example/x?sv=2024&sig={v}%3D", v))(some(draw, ALNUM, 43)),
    ".netrc": lambda draw: (lambda v: (f"machine x login ada password {v}", v))(_PASSWORD(draw)),
    ".npmrc": lambda draw: (lambda v: (f"//registry.example/:_authToken={v}", v))(str(uuid.UUID(int=draw.getrandbits(128)))),
    "an input of HTML": lambda draw: (lambda v: (f'<input name="password" value="{v}">', v))(_PASSWORD(draw)),
}  # fmt: skip


def others(n: int = 25, seed: int = 7) -> Iterator[Sample]:
    """Kinds that come in one form each, ``n`` times."""
    for kind, make in OTHERS.items():
        for i in range(n):
            text, secret = make(random.Random(f"{seed} {kind} {i}"))
            yield Sample(kind, "its own", text, secret)


def is_left(sample: Sample, redacted: str) -> bool:
    """Whether a reader of ``redacted`` still has the secret, or nearly all of it."""
    core = sample.secret
    if "\n" in core:
        core = core.split("\n")[len(core.split("\n")) // 2]
    forms: list[Any] = [
        core,
        core.replace("#", "").replace("+", "").replace("/", ""),
        core[: max(4, len(core) * 3 // 4)],
    ]
    return any(form and form in redacted for form in forms)
