"""The gateway: an OpenAI-compatible front that picks the tier of each call, calls its model and records what came."""
