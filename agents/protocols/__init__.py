"""The protocols that callers and models speak, one package each, and the words that they share.

A call whose caller and model speak the same protocol passes through as it came. Otherwise the request becomes a
canonical one and is written anew, and so is the answer, whole or event by event.
"""

from collections.abc import Mapping

from tierwise.agents.protocols.canonical import Completion, Message, Request, ToolCall
from tierwise.agents.protocols.chat.protocol import Chat
from tierwise.agents.protocols.completions import Completions
from tierwise.agents.protocols.fields import Untranslatable
from tierwise.agents.protocols.messages.protocol import Messages
from tierwise.agents.protocols.protocol import Draft, Frame, Trouble, WireProtocol
from tierwise.agents.protocols.responses.protocol import Responses

CHAT, RESPONSES, MESSAGES, COMPLETIONS = Chat(), Responses(), Messages(), Completions()
PROTOCOLS: Mapping[str, WireProtocol] = {each.name: each for each in (CHAT, RESPONSES, MESSAGES)}
"""Those that are translated into each other; ``COMPLETIONS`` only pass through."""

__all__ = [
    "CHAT",
    "COMPLETIONS",
    "MESSAGES",
    "PROTOCOLS",
    "RESPONSES",
    "Completion",
    "Draft",
    "Frame",
    "Message",
    "Request",
    "ToolCall",
    "Trouble",
    "Untranslatable",
    "WireProtocol",
]
