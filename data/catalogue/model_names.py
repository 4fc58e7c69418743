"""The names under which one model is known: with and without provider, region, date, version, and sales suffix."""

import re

# gpt-4o-2024-08-06, claude-3-5-sonnet-20241022, gemini-2.5-flash-preview-05-20 and -09-2025, claude-3-haiku@20240307,
# gemini-1.5-pro-002, …-v1:0, …-v1:0:200k, …-latest, …:latest, …-exp, …@default
_VERSION = re.compile(
    r"(?:[-@:](?:20\d{2}-?\d{2}-?\d{2}|\d{2}-20\d{2}|\d{2}-\d{2}|20\d{2}-\d{2}|latest|preview|exp|experimental|default|maas|"
    r"\d{3,4}|v\d(?::\d)?(?::\d+k)?))+$"
)
# …-04-17-thinking: behind a date it is a way of asking, elsewhere another model (kimi-k2-thinking)
_THINKING = re.compile(
    r"([-@](?:20\d{2}-?\d{2}-?\d{2}|\d{2}-20\d{2}|\d{2}-\d{2}|20\d{2}-\d{2}|\d{4}))-thinking(?:-\d+k?)?$"
)
_OWN_VERSION = re.compile(r"[a-z][a-z-]*-v\d(?![:\d])")
_VENDORS = (
    "openai|anthropic|google|meta|mistral|mistralai|amazon|cohere|deepseek|deepseek-ai|qwen|ai21|xai|x-ai|moonshot|"
    "moonshotai|minimax|zai|z-ai|nvidia|writer|microsoft|stability|twelvelabs|luma"
)
_VENDOR = re.compile(rf"^(?:{_VENDORS})\.")
# Bedrock's inference profiles: us., jp., us-gov.
# openai:gpt-4o, as agents' frameworks name provider and model
_PROVIDER = re.compile(
    rf"^(?:{_VENDORS}|google-gla|google-vertex|google_genai|google_vertexai|vertex|vertexai|bedrock|bedrock_converse|"
    r"azure|azure_openai|groq|openrouter|together|fireworks|cerebras|huggingface):(?=[a-z])"
)
_REGION = re.compile(rf"^[a-z]{{2,6}}(?:-[a-z]+)*\.(?=(?:{_VENDORS})\.)")
_HOSTED = re.compile(r"^(?:databricks|snowflake|azure|vertex|bedrock)-(?=[a-z])")
_OFFER = re.compile(r":(?:free|beta|nitro|floor|extended|online|exacto|thinking|cloud|default|\d+[km])$")
_CONTEXT = re.compile(r"\s*[\[(]\s*[\w.+-]+\s*[\])]$")  # claude-sonnet-4-5-20250929[1m]
_ROUTE = re.compile(r":[a-z][a-z-]*$")  # the host that a hub was told to use


def model_names(model: str) -> tuple[str, ...]:
    """The names under which a model is known, the exact one first, the one without all that does not matter last.

    >>> model_names("openai/gpt-4o-2024-08-06")
    ('openai/gpt-4o-2024-08-06', 'gpt-4o-2024-08-06', 'gpt-4o')
    >>> model_names("anthropic/claude-3.5-haiku:free")[-1]
    'claude-3-5-haiku'
    """
    name = model.strip().lower()
    last = _PROVIDER.sub("", name.rpartition("/")[2])
    bare = _VENDOR.sub("", _REGION.sub("", last))
    plain = _OFFER.sub("", _CONTEXT.sub("", bare))
    plain = _ROUTE.sub("", plain) if "/" in name else plain
    undated = _undated(_THINKING.sub(r"\1", _HOSTED.sub("", plain)))
    return tuple(dict.fromkeys(each for each in (name, bare, plain, undated, _dashed(undated)) if each))


def _undated(name: str) -> str:
    """deepseek-chat-v3-0324 is deepseek-chat-v3, and not deepseek-chat: without another number its version names it."""
    bare = _VERSION.sub("", name)
    if any(char.isdigit() for char in bare):
        return bare
    kept = _OWN_VERSION.match(name)
    return bare if kept is None or len(kept.group()) <= len(bare) else kept.group()


def _dashed(name: str) -> str:
    """Some write versions with dots and some with dashes; Azure writes neither."""
    dashed = re.sub(r"(?<=\d)\.(?=\d)", "-", name.replace("gpt-35", "gpt-3.5"))
    return re.sub(r"^claude-([4-9](?:-\d)?)-(sonnet|opus|haiku)$", r"claude-\2-\1", dashed)  # either order is written
