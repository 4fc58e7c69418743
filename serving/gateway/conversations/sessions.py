"""Which conversation a call belongs to, from what clients and harnesses send anyway."""

import json
import re
from collections.abc import Mapping
from typing import Any

# In this order: what names a session itself comes before what names a window or a thread of it.
_HEADERS = (
    "x-session-id",
    "session-id",
    "session_id",
    "x-claude-code-session-id",
    "x-session-affinity",
    "x-conversation-id",
    "thread-id",
)
_METADATA = ("session_id", "conversation_id", "thread_id")
_IN_USER_ID = re.compile(r"session_([0-9a-fA-F-]{36})")
MAX_LENGTH = 200


def session_of(body: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """The session that a client names, None when it names none.

    A prompt cache key counts as one: calls that share it share a prefix. ``user`` does not, a user has many sessions.
    """
    found = next((headers[name] for name in _HEADERS if name in headers), None)
    metadata = body.get("metadata")
    if found is None and isinstance(metadata, Mapping):
        found = next((metadata[name] for name in _METADATA if metadata.get(name)), None) or _in_user_id(metadata)
    if found is None:
        conversation = body.get("conversation")
        found = body.get("prompt_cache_key") or (
            conversation.get("id") if isinstance(conversation, Mapping) else conversation
        )
    return found if isinstance(found, str) and 0 < len(found) <= MAX_LENGTH else None


def prefix_digest(messages: object) -> str | None:
    """A key of how a conversation begins: its first messages up to the first of the user. For this process only, and
    never recorded: two conversations that begin alike share it, as they share the provider's cache."""
    digest, n_read = 0, 0
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, Mapping) else None
        digest = hash((digest, content if isinstance(content, str) else str(content)))
        n_read += 1
        if isinstance(message, Mapping) and message.get("role") == "user":
            break
    return f"prefix:{digest:x}" if n_read else None


def _in_user_id(metadata: Mapping[str, Any]) -> str | None:
    """Claude Code puts its session into ``user_id``, as JSON or as a suffix."""
    user_id = metadata.get("user_id")
    if not isinstance(user_id, str):
        return None
    suffix = _IN_USER_ID.search(user_id)
    if suffix is not None:
        return suffix[1]
    try:
        given = json.loads(user_id)
    except ValueError:
        return None
    session = given.get("session_id") if isinstance(given, Mapping) else None
    return session if isinstance(session, str) else None
