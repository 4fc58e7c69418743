"""Messages, as Anthropic defined them: what Claude Code speaks."""
