"""API keys: only their sha256 is ever configured, each with the scopes that it opens."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from tierwise.serving.settings import Settings, SettingsError


class Scope(StrEnum):
    """``route`` asks for decisions, ``report`` reports outcomes, ``admin`` reads and deletes; it opens everything."""

    ROUTE = "route"
    REPORT = "report"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Scopes by the sha256 of the key (hex)."""

    scopes: Mapping[str, frozenset[Scope]]

    def __bool__(self) -> bool:
        return bool(self.scopes)

    def scopes_of(self, key: str) -> frozenset[Scope] | None:
        """The scopes that ``key`` opens, None for an unknown key. Looking up a digest leaks nothing by its timing."""
        return self.scopes.get(sha256(key.encode("utf-8", "replace")).hexdigest())


def load_keys(settings: Settings) -> ApiKeys:
    """The keys of ``keys`` and ``keys_file``. Raises ``SettingsError`` naming the line that cannot be read."""
    entries = settings.keys.split(",")
    if settings.keys_file is not None:
        try:
            lines = settings.keys_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"keys_file {settings.keys_file}: {error}") from None
        entries += [line.partition("#")[0] for line in lines]
    return ApiKeys(dict(_entry(entry.strip()) for entry in entries if entry.strip()))


def new_key(*scopes: Scope) -> tuple[str, str]:
    """A fresh key, and the entry that makes it known to the service.

    >>> key, entry = new_key(Scope.ROUTE, Scope.REPORT)
    >>> entry.startswith("route+report:")
    True
    """
    key = f"tw-{secrets.token_urlsafe(32)}"
    return key, f"{'+'.join(scopes)}:{sha256(key.encode()).hexdigest()}"


def _entry(entry: str) -> tuple[str, frozenset[Scope]]:
    names, _, digest = entry.partition(":")
    digest = digest.strip().lower()
    if len(digest) != 64 or not all(char in "0123456789abcdef" for char in digest):
        raise SettingsError("a key's entry has no sha256 in hex; write scopes:sha256, such as route+report:9f86d0...")
    try:
        return digest, frozenset(Scope(name.strip()) for name in names.split("+"))
    except ValueError:
        raise SettingsError(f"a key has the scopes '{names}'; they are {', '.join(Scope)}, joined by +") from None
