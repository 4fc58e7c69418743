"""What is said of a step: by the framework's request, and by whoever set the adapter up."""

from collections.abc import Mapping
from typing import Any, cast

from tierwise.agents.client import RouteFields


def merged(found: Mapping[str, Any], given: RouteFields) -> RouteFields:
    """``found`` in the framework's request, and over it what the adapter was ``given``."""
    return cast(RouteFields, {**found, **given})
