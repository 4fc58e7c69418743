"""Secrets and personal data in a text: found by their form or by their name, replaced by their kind."""

import re
from functools import lru_cache

from tierwise.data.sensitive.keyed import KEYED_RULES
from tierwise.data.sensitive.personal import PERSONAL_RULES
from tierwise.data.sensitive.rule import Rule, redact
from tierwise.data.sensitive.tokens import TOKEN_RULES

RULES: tuple[Rule, ...] = (*TOKEN_RULES, *KEYED_RULES, *PERSONAL_RULES)
_NOTABLE = re.compile(r"[\d@:=>,\"'`]|[\w.-]{19}|-----")  # every match of a rule has one of these, or a text around it


def redact_text(text: str) -> str:
    """``text`` with secrets and personal data replaced by ``[kind]``; takes time in proportion to its length.

    Nothing that one rule writes is found by another.

    >>> redact_text("mail ada@example.org, key sk-abcdefghijklmnop1234")
    'mail [email], key [secret]'
    """
    return redact(text, RULES) if _NOTABLE.search(text) else text


@lru_cache(maxsize=1024)
def redact_name(name: str) -> str:
    """The same of what is short and recurs with every step: a tier, a policy, an agent, a key."""
    return redact_text(name)
