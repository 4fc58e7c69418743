"""Sessions that people ended: a cookie that somebody copied opens nothing after the logout."""

from hashlib import sha256
from pathlib import Path

_MAX_BYTES = 1 << 20


class EndedSessions:
    """Digests of ended tokens, in a file that all processes of the service share; in memory where there is none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._digests: set[str] = set()
        self._n_read = 0

    def __contains__(self, token: str) -> bool:
        self._read()
        return _digest(token) in self._digests

    def add(self, token: str) -> None:
        self._digests.add(_digest(token))
        if self._path is None:
            return
        try:
            mode = "w" if self._path.exists() and self._path.stat().st_size > _MAX_BYTES else "a"
            with self._path.open(mode, encoding="ascii") as file:
                file.write(_digest(token) + "\n")
        except OSError:  # a folder that cannot be written: this process knows it all the same
            return

    def _read(self) -> None:
        try:
            if self._path is None or self._path.stat().st_size == self._n_read:
                return
            content = self._path.read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        self._n_read = len(content)
        self._digests.update(content.split())


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
