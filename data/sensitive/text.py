"""Secrets and personal data in a text: found by their form or by their name, replaced by their kind."""

from functools import lru_cache

from tierwise.data.sensitive.keyed import KEYED_RULES
from tierwise.data.sensitive.personal import PERSONAL_RULES
from tierwise.data.sensitive.rule import Rules
from tierwise.data.sensitive.tokens import TOKEN_RULES

RULES = Rules((*TOKEN_RULES, *KEYED_RULES, *PERSONAL_RULES))


def redact_text(text: str) -> str:
    """``text`` with secrets and personal data replaced by ``[kind]``; takes time in proportion to its length.

    Nothing that one rule writes is found by another.

    >>> redact_text("mail ada@example.org, key sk-abcdefghijklmnop1234")
    'mail [email], key [secret]'
    """
    return RULES.redact(text)


@lru_cache(maxsize=1024)
def redact_name(name: str) -> str:
    """The same of what is short and recurs with every step: a tier, a policy, an agent, a key."""
    return redact_text(name)
