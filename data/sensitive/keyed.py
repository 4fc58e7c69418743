"""Secrets that look like anything, and are known by the name in front of them: ``password=...``, ``"token": "..."``.

The name alone is no reason: prompts are full of ``max_tokens: 100``, ``password: string`` and ``token = tokens[i]``.
What counts depends on the name (a password may be a word, a token may not) and on how the value is written (a quoted
value may be one, an expression of a program is none).
"""

import re
from functools import lru_cache

from tierwise.data.sensitive.rule import Rule, WordRule

_PASSWORDS = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "passwort",
    "contraseña",
    "mot de passe",
    "senha",
    "пароль",
    "密码",
    "パスワード",
)
_TOKENS = (
    "secret", "secret_key", "secret-key", "secretkey", "secret_key_base", "pass", "token",
    "apikey", "api_key", "api-key", "api key", "accesskey", "access_key", "access-key", "access key",
    "privatekey", "private_key", "private-key", "accountkey", "account_key", "auth_key", "authkey", "encryption_key",
    "signing_key", "sharedaccesskey", "master_key", "client_key", "license_key", "license key", "consumer_key",
    "credential", "session_id", "sessionid", "auth_code", "dsn", "webhook_url",
)  # fmt: skip
_NAMES = "|".join(sorted(map(re.escape, (*_PASSWORDS, *_TOKENS)), key=len, reverse=True))
_GATE = (
    "pass",
    "token",
    "secret",
    "key",
    "pwd",
    "contras",
    "senha",
    "пароль",
    "密码",
    "パスワード",
    "credential",
    "session",
    "auth_code",
    "dsn",
    "webhook_url",
)
_SUFFIX = (
    r"(?:[_-](?:prod|production|dev|test|stage|staging|live|main|value|str|string|hash|b64|base64|id|\d{1,3})|\d{1,2})?"
)
_QUOTE = r"\\{0,3}[\"'`]"
_BETWEEN = (
    rf"(?:{_QUOTE})?[\]}})]?[ \t]{{0,4}}(?::=|=>|:|={{1,2}}|>|,)\s{{0,8}}"  # one of what stands between name and value
    rf"(?:\{{\s{{0,8}}{_QUOTE}\w{{1,20}}{_QUOTE}\s{{0,4}}:\s{{0,4}})?"  # the value of an object
    rf"|{_QUOTE}?[ \t]{{1,4}}(?:value|content)[ \t]{{0,2}}=[ \t]{{0,2}}"  # an attribute of HTML
    r"|[ \t]{1,4}(?:(?:is|was|ist|est|es|to|are|は)[ \t]{1,4})?(?::[ \t]{0,4})?"  # a sentence, a flag, a line of .netrc
)
_VALUE = (
    r"(?:(?P<q>\\{0,3}[\"'`])(?P<quoted>(?:(?!(?P=q))[^\n]){1,2000}+)"
    r"|(?P<bare>[^\s\"'`,;&<>(){}\[\]|\\]{4,2000}+))"
)
_ASSIGNMENT = re.compile(rf"(?P<name>{_NAMES})(?P<suffix>{_SUFFIX})(?P<between>{_BETWEEN}){_VALUE}", re.IGNORECASE)

_NO_VALUES = frozenset({
    "string", "str", "text", "bytes", "none", "null", "nil", "true", "false", "undefined", "required", "optional",
    "object", "array", "list", "dict", "integer", "int", "number", "boolean", "bool", "float", "any", "unknown",
    "placeholder", "example", "redacted", "hidden", "field", "input", "value", "password", "secret", "token",
    "changeme", "your_password", "your_api_key", "your-api-key", "your_token", "yourpassword", "yourtoken",
    "username",
    "email", "default",
})  # fmt: skip
_NO_BEGINNINGS = (
    "[",
    "$",
    "{",
    "<",
    "%(",
    "os.",
    "process.",
    "env.",
    "self.",
    "config.",
    "settings.",
    "args.",
    "***",
    "...",
    "xxx",
    "http",
)
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]*\Z")


def is_sensitive_name(name: str) -> bool:
    """Whether a key of that name may hold a secret.

    >>> is_sensitive_name("dbPassword"), is_sensitive_name("max_tokens")
    (True, False)
    """
    return secret_name_in(name) is not None


def secret_name_in(key: str) -> str | None:
    """The end of ``key`` that names a secret, as :func:`looks_secret` takes it; None for other keys."""
    return _secret_name(key) if len(key) <= _KEY_CHARS else _searched_name(key)


def _searched_name(key: str) -> str | None:
    found = _SENSITIVE.search(key)
    return None if found is None else found.group()


_KEY_CHARS = 64
_secret_name = lru_cache(maxsize=1024)(_searched_name)  # the same keys come with every step


def looks_secret(name: str, value: str) -> bool:
    """Whether a quoted ``value`` under ``name`` is one: placeholders, labels and descriptions are not."""
    value = value.strip()
    if value.lower() in _NO_VALUES or value.lower().startswith(_NO_BEGINNINGS) or len(value) < 4:
        return False
    is_password = name.lower().startswith(_PASSWORDS)
    has_digit, has_space = any(map(str.isdigit, value)), any(map(str.isspace, value))
    if has_space:
        return name.lower().startswith("passphrase") or (is_password and has_digit and len(value) < 64)
    if is_password:
        return True
    if not has_digit and value.upper() == value and value.replace("-", "").replace("_", "").isalpha():
        return False  # RAPID-API-KEY: the name of a secret, standing for it
    is_mixed = value != value.lower() and value != value.upper() and value != value.capitalize()
    return (
        len(value) >= 6 and not value.isdigit() and (has_digit or is_mixed or len(value) >= 20 or not value.isalnum())
    )


def _written(match: re.Match[str]) -> str:
    quoted = match["quoted"]
    value = match["bare"] if quoted is None else quoted
    is_one = looks_secret(match["name"], value) if quoted is not None else _is_bare_secret(match, value)
    if not is_one:
        return match.group()
    kept = match.group()[: len(match.group()) - len(value)]
    return f"{kept}[secret]"


def _is_bare_secret(match: re.Match[str], value: str) -> bool:
    """Without quotes a value may as well be a word of a sentence, or a variable of a program."""
    name, between = match["name"], match["between"]
    value = value.rstrip(".?:")
    text, after = match.string, match.string[match.end() : match.end() + 1]
    if not looks_secret(name, value) or after in ("(", "["):
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    is_plain = _IDENTIFIER.match(value) is not None and not has_digit
    is_password = name.lower().startswith(_PASSWORDS)
    if not between.strip(" \t\"'`"):  # "password hunter22", "--password hunter22"
        is_flag = text[max(0, match.start() - 2) : match.start()] in ("--", " -") or text[: match.start()].endswith(
            "--"
        )
        return (is_flag and not is_plain) or (has_digit and has_letter and len(value) >= 6)
    if between.strip(" \t")[:2] in ("is", "wa", "to", "ar", "es") or "," in between:
        return has_digit and has_letter and len(value) >= 6
    is_tight = between in ("=", ":=", ">")
    if is_tight and is_password and (name.isupper() or text[match.start() - 1 : match.start()] in ("?", "&", "_")):
        return not is_plain or name.isupper() or text[match.start() - 1 : match.start()] in ("?", "&")
    if is_plain:
        return is_password and between == ">" and len(value) >= 6
    return len(value) >= 5 if is_password else len(value) >= 8 and has_letter and (has_digit or len(value) >= 20)


_SENSITIVE = re.compile(rf"(?:(?:{_NAMES})(?:{_SUFFIX})|(?:password|secret|credential)s)\Z", re.IGNORECASE)


def _credential(match: re.Match[str]) -> str:
    """What follows ``Bearer`` or ``Basic``, unless it is a word of a sentence."""
    value = match["value"]
    bare = value.rstrip(".")
    is_one = bare != bare.lower() or not bare.replace("-", "").isalpha()
    return f"{match['scheme']}[secret]" if is_one else match.group()


def _after(match: re.Match[str]) -> str:
    return f"{match['scheme']}[secret]"


KEYED_RULES: tuple[Rule, ...] = (
    WordRule(
        re.compile(
            r"(?P<scheme>(?:proxy-)?authorization\\{0,3}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}[\"']?"
            r"(?:[a-z0-9-]{2,20}[ \t]{1,4})?)(?P<value>[^\s\"'\\,<>]{8,}+(?:,[ \t]?[a-z]+=[^\s,]++)*+)",
            re.IGNORECASE,
        ),
        _credential,
        ("authorization", "proxy-authorization"),
    ),
    WordRule(
        re.compile(r"(?P<scheme>(?:bearer|basic)(?:[ \t+]{1,4}|%20))(?P<value>[\w.~+/=-]{12,}+)",
            re.ASCII | re.IGNORECASE,
),
        _credential,
        ("bearer", "basic"),
    ),
    WordRule(
        re.compile(r"(?P<scheme>(?:set-)?cookie\\{0,3}[\"']?[ \t]{0,4}:[ \t]{0,4}\\{0,3}[\"']?)"
            r"(?P<value>[\w.-]+=[^\n\r\"'\\]{4,}+)",
            re.IGNORECASE,
),
        _after,
        ("set-cookie", "cookie"),
    ),
    WordRule(re.compile(r"(?P<scheme>sig=)(?P<value>[\w%/+=-]{20,}+)", re.ASCII | re.IGNORECASE), _after, ("sig=",)),
    WordRule(_ASSIGNMENT, _written, (*_PASSWORDS, *_TOKENS), _GATE),
    WordRule(
        re.compile(r"(?P<scheme>://[^\s:/@\"'<>]{0,100}:)(?!\d{1,5}(?:/|$))[^\s\"'<>@]{1,200}@(?:[^\s\"'<>/@]{1,200}@)*+"),
        lambda match: f"{match['scheme']}[secret]@",
        ("://",),
    ),
)  # fmt: skip
