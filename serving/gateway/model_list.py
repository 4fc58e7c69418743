"""The list of models, in the forms that clients read."""

from collections.abc import Sequence

_OWNER = "tierwise"
_CREATED = "1970-01-01T00:00:00Z"


def openai_list(names: Sequence[str]) -> dict[str, object]:
    return {"object": "list", "data": [openai_model(name) for name in names]}


def openai_model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": _OWNER}


def anthropic_list(names: Sequence[str]) -> dict[str, object]:
    """All on one page."""
    ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
    return {"data": [anthropic_model(name) for name in names], "has_more": False, **ends}


def anthropic_model(name: str) -> dict[str, object]:
    return {"type": "model", "id": name, "display_name": name, "created_at": _CREATED}
