"""What providers and tools answered, read in one place: content parts, answers, usage, errors, finish reasons.

Importers, the attempt loop and the gateway all read through these modules, so what one learns all know. Nothing here
calls anybody, and nothing here decides what an answer is worth.
"""

from tierwise.data.replies.answers import Answer, read_answer, read_message
from tierwise.data.replies.calls import ToolCall
from tierwise.data.replies.error_kinds import ErrorKind
from tierwise.data.replies.errors import FoundError, error_kind, find_error, read_error
from tierwise.data.replies.finish import finish_reason
from tierwise.data.replies.json_text import read_json, write_json
from tierwise.data.replies.parts import Content, read_content
from tierwise.data.replies.usage import Usage, read_usage

__all__ = [
    "Answer",
    "Content",
    "ErrorKind",
    "FoundError",
    "ToolCall",
    "Usage",
    "error_kind",
    "find_error",
    "finish_reason",
    "read_answer",
    "read_content",
    "read_error",
    "read_json",
    "read_message",
    "read_usage",
    "write_json",
]
