"""Thought that another protocol's provider must get back: carried through the caller as an opaque text of ours.

A caller of the Messages protocol keeps ``signature``, one of the Responses protocol ``encrypted_content``. What a
provider of another protocol thought is put there with a mark, and taken out again when it goes back. Marked thought
never reaches a provider that did not think it.
"""

import base64
import binascii
import json

from tierwise.agents.protocols.canonical import Thinking

MARK = "tierwise."


def seal(thinking: Thinking) -> str:
    """An opaque text that :func:`unseal` reads."""
    kept = [thinking.origin, thinking.text, thinking.signature, thinking.sealed, thinking.item_id]
    return MARK + base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()


def is_sealed_by_us(text: object) -> bool:
    return isinstance(text, str) and text.startswith(MARK)


def unseal(text: str) -> Thinking:
    """What was sealed. A text that somebody changed is thought of nobody, which no provider gets."""
    try:
        origin, said, signature, sealed, item_id = json.loads(base64.urlsafe_b64decode(text.removeprefix(MARK)))
    except (ValueError, binascii.Error, TypeError):
        return Thinking(origin="unknown")
    if not all(each is None or isinstance(each, str) for each in (origin, said, signature, sealed, item_id)):
        return Thinking(origin="unknown")
    return Thinking(said or "", signature, sealed, origin, item_id)
