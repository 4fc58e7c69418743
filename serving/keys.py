"""API keys under the name that the documents give: ``from tierwise.serving.keys import Scope, new_key``."""

from tierwise.serving.access.keys import Scope, new_key

__all__ = ["Scope", "new_key"]
