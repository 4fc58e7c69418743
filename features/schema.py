"""The feature schema: what the columns of a feature vector mean, and the fingerprint that proves two agree."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from tierwise.data.errors import TierwiseError
from tierwise.features.identity import IDENTITY_FIELDS, identity_names
from tierwise.features.lexical import LEXICAL_NAMES
from tierwise.features.structural import STRUCTURAL_NAMES
from tierwise.features.tasks.before import BEFORE_NAMES
from tierwise.features.trajectory import TRAJECTORY_NAMES

SCHEMA_VERSION = 3
DEFAULT_COMPONENTS = 32


class FeatureSchemaError(TierwiseError):
    """A stored schema that this version of Tierwise does not compute."""


@dataclass(frozen=True)
class FeatureSchema:
    """The columns, in order: structural, lexical, trajectory, earlier steps, identity, embedding.

    ``vocabularies`` maps each identity field to the values with a column of their own; ``n_components`` is the number
    of leading components of the sentence embedding; ``encoder_digest`` the sha256 of the encoder's graph. Only with
    ``task_memory`` the columns of earlier steps are there, and ``step.before`` is read at all.
    """

    vocabularies: Mapping[str, tuple[str, ...]]
    n_components: int
    encoder_digest: str
    task_memory: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        embedding = [f"embedding_{i}" for i in range(self.n_components)]
        counted = (*STRUCTURAL_NAMES, *LEXICAL_NAMES, *TRAJECTORY_NAMES, *(BEFORE_NAMES if self.task_memory else ()))
        return (*counted, *identity_names(self.vocabularies), *embedding)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of all that decides the columns, 64 hexadecimal digits."""
        return sha256(json.dumps([self.to_mapping(), self.names]).encode()).hexdigest()

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``features.json`` in a bundle."""
        return {
            "schema_version": SCHEMA_VERSION,
            "vocabularies": {field: list(self.vocabularies[field]) for field in IDENTITY_FIELDS},
            "n_components": self.n_components,
            "encoder_digest": self.encoder_digest,
            **({"task_memory": True} if self.task_memory else {}),
        }

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "FeatureSchema":
        """Raises ``FeatureSchemaError`` for a schema of another version."""
        if raw.get("schema_version") != SCHEMA_VERSION:
            found = raw.get("schema_version")
            raise FeatureSchemaError(
                f"its features are those of schema {found!r}, this version of Tierwise computes {SCHEMA_VERSION}; "
                "train the router again: tierwise train"
            )
        if missing := [field for field in IDENTITY_FIELDS if field not in raw["vocabularies"]]:
            raise FeatureSchemaError(
                f"its features know nothing of '{missing[0]}'; train the router again: tierwise train"
            )
        vocabularies = {field: _values(raw["vocabularies"][field]) for field in IDENTITY_FIELDS}
        return cls(vocabularies, int(raw["n_components"]), str(raw["encoder_digest"]), bool(raw.get("task_memory")))


def _values(raw: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(value) for value in raw)
