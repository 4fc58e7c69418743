"""Tools that steps may call: functions and servers with a schema, what each may do, and the box that runs calls."""

from tierwise.agents.tools.approval import Approval, ApprovalRequest, Approve, Occasion
from tierwise.agents.tools.box import Toolbox
from tierwise.agents.tools.call import CallRequest, Status, ToolResult, ToolTrace
from tierwise.agents.tools.functions import function_tool, irreversible, reads, writes
from tierwise.agents.tools.ledger import Ledger, NoLedger, UnsettledError
from tierwise.agents.tools.tool import AgentTool, Effect, ToolError

__all__ = [
    "AgentTool",
    "Approval",
    "ApprovalRequest",
    "Approve",
    "CallRequest",
    "Effect",
    "Ledger",
    "NoLedger",
    "Occasion",
    "Status",
    "ToolError",
    "ToolResult",
    "ToolTrace",
    "Toolbox",
    "UnsettledError",
    "function_tool",
    "irreversible",
    "reads",
    "writes",
]
