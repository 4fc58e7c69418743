"""Request parameters that belong to a model's entry, such as its effort, said in the protocol that it is called in."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.catalogue import Model

_Path = tuple[str, ...]
_PATHS: Mapping[str, Mapping[str, _Path]] = {
    "chat": {"max_output_tokens": ("max_completion_tokens",)},
    "responses": {"reasoning_effort": ("reasoning", "effort")},
    "messages": {"reasoning_effort": ("output_config", "effort"), "max_output_tokens": ("max_tokens",)},
}
_SAME: Mapping[str, tuple[_Path, ...]] = {
    "max_output_tokens": (("max_tokens",), ("max_completion_tokens",), ("max_output_tokens",)),
}


def with_parameters(body: Mapping[str, Any], model: Model, protocol: str) -> dict[str, Any]:
    """``body`` with the parameters of ``model``. What the caller said stands, unless ``parameters_win``."""
    found = dict(body)
    for name, value in model.parameters.items():
        path = _PATHS.get(protocol, {}).get(name, (name,))
        others = _SAME.get(name, (path,))
        if model.parameters_win:
            for other in others:
                _set(found, other, None)
        if model.parameters_win or not any(_is_said(found, other) for other in others):
            _set(found, path, value)
    return found


def _is_said(body: Mapping[str, Any], path: _Path) -> bool:
    holder: Any = body
    for key in path:
        if not isinstance(holder, Mapping) or holder.get(key) is None:
            return False
        holder = holder[key]
    return True


def _set(body: dict[str, Any], path: _Path, value: object) -> None:
    """Sets where ``path`` ends, in copies, as bodies are shared; None takes away what stands there."""
    if value is None and not _is_said(body, path):
        return
    holder = body
    for key in path[:-1]:
        inner = holder.get(key)
        holder[key] = dict(inner) if isinstance(inner, Mapping) else {}
        holder = holder[key]
    if value is None:
        holder.pop(path[-1])
    else:
        holder[path[-1]] = value
