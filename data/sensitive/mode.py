"""How much of a step may be stored, in one word."""

from enum import StrEnum


class Redaction(StrEnum):
    """``full`` stores the step as it came; ``redacted`` replaces secrets and personal data; ``features_only`` keeps
    names, numbers and the shape of the step and drops every text."""

    FULL = "full"
    REDACTED = "redacted"
    FEATURES_ONLY = "features_only"
