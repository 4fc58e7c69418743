"""Where a framework is not installed, its adapter names the pip command."""

import importlib
import importlib.util
import re

import pytest

from tierwise.data.errors import MissingExtraError, install_command

PACKAGES = {
    "agent-framework": "agent_framework",
    "crewai": "crewai",
    "langchain": "langchain",
    "litellm": "litellm",
    "mcp": "mcp",
    "openai-agents": "agents",
    "pydantic-ai": "pydantic_ai",
}


@pytest.mark.parametrize(("extra", "package"), PACKAGES.items())
def test_a_missing_framework_is_named_with_its_extra(extra: str, package: str) -> None:
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingExtraError, match=re.escape(f"run: {install_command(extra)}")):
        importlib.import_module(f"tierwise.agents.adapters.{extra.replace('-', '_')}")
