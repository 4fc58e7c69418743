"""The Responses API, as OpenAI defined it: what Codex and the newer clients speak."""
