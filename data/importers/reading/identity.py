"""Stable ids for records that bring none: made of the content, and of how many like it came before."""

import json
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


class Identities:
    """Gives the same ids to the same records in the same order, in every import."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, record: Mapping[str, Any]) -> str:
        content = json.dumps(record, sort_keys=True, default=str)
        digest = sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._seen[digest] += 1
        n_before = self._seen[digest] - 1
        return f"{digest}-{n_before}" if n_before else digest
