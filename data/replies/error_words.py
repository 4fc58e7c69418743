"""The words by which errors are told apart: classes of clients, codes of providers, sentences of servers.

Patterns are searched in any case, kinds in the order in which they stand: a rate limit on tokens also speaks of tokens,
and a timeout may come as a 500.
"""

import re

from tierwise.data.replies.error_kinds import ErrorKind

_WORDS: tuple[tuple[ErrorKind, tuple[str, ...]], ...] = (
    (
        ErrorKind.QUOTA,
        (
            r"insufficient.?quota", r"exceeded your current quota", r"billing",
            r"insufficient.?(funds|balance|credit)", r"credit balance", r"budget.?exceeded", r"payment.?required",
        ),
    ),
    (
        ErrorKind.RATE_LIMIT,
        (
            r"rate.?limit", r"too.?many.?requests", r"tokens per minute", r"requests per (minute|day)", r"throttl",
            r"\btpm\b", r"\brpm\b", r"resource.?exhausted", r"slow.?down", r"concurrency limit",
            r"quota.{0,20}exceeded", r"too many tokens.{0,40}(wait|per (day|minute))", r"capacity exceeded",
        ),
    ),
    (
        ErrorKind.CONTEXT,
        (
            r"context.?(length|window|size|limit)", r"prompt is too long", r"input is too long",
            r"too many (input )?tokens", r"max(imum)?.?(prompt|input|context|sequence|model).?(tokens?|len|length)",
            r"(prompt|input|request|messages?).{0,60}(exceeds?|longer than).{0,60}(token|context|limit)",
            r"(prompt|input|request|messages?).{0,60}too (long|large).{0,60}(token|context|limit)",
            r"token count.{0,40}exceed", r"exceeds?.{0,40}(token limit|max.{0,12}tokens|number of tokens)",
            r"reduce the (length|size|number of)", r"string_above_max_length", r"exceed_context",
            r"tokens?.{0,40}(must|should) (be|have) (<|less|at most|smaller)",
            r"must have less than \d+ (input )?tokens", r"current length is \d+", r"exceeds? max.{0,4}len",
            r"range of input length", r"exceeds? model context", r"request.{0,20}exceeds.{0,20}maximum size",
            r"more than max.{0,4}tokens", r"resulted in \d+ tokens", r"(prompt|input|messages?) (is |are )?too large",
            r"too large (a )?(prompt|input)", r"context is only", r"prompt (tokens )?too long", r"prompt 超长",
            r"(输入|上下文|提示).{0,12}(超长|超过|过长)",
        ),
    ),
    (
        ErrorKind.CONTENT,
        (
            r"content.?(policy|filter|management)", r"moderation", r"safety (system|filter|setting)", r"guardrail",
            r"responsible.?ai", r"prohibited.?content", r"flagged",
        ),
    ),
    (
        ErrorKind.OUTPUT,
        (
            r"outputparser", r"output.?parsing", r"validationerror", r"jsondecodeerror", r"lengthfinishreason",
            r"maxtokens", r"unexpectedmodelbehavior", r"toolretry", r"malformed_function_call",
            r"jsonschemavalidation", r"tool_use_failed", r"json_validate_failed", r"instructorretry",
            r"failed to generate json", r"failed to call a function",
        ),
    ),
    (
        ErrorKind.UNSUPPORTED,
        (
            r"unsupported.?(value|parameter|params|feature|operation|content|modality|media)",
            r"does ?n[o']t support", r"not supported (with|by|for|in|on) (this|the|model)", r"is not supported",
            r"not support(ed)? .{0,40}(tool|function|image|vision|audio|json|stream|response_format|schema)",
            r"(tools?|functions?|images?|vision|audio|json.?(mode|schema)|streaming)\b.{0,60}(not |un)supported",
            r"(tools?|functions?|images?|vision|audio|json.?(mode|schema)|streaming)\b.{0,60}not (available|enabled)",
            r"response_format.{0,60}(not supported|unsupported|not available|unavailable)", r"not (yet )?implemented",
            r"only supports? (text|the default)", r"only the default", r"\bnot supported\b",
            r"only supported (by|for|with|on|in)", r"(is|are) not enabled for", r"\bn\b.{0,3}must be 1",
            r"only \w+ ?= ?\S+ is (supported|allowed)", r"has no vision", r"at most 0 ", r"not a chat model",
            r"may only be set to", r"unavailable now", r"is not a multimodal", r"extra_forbidden", r"extra inputs",
            r"unrecogni[sz]ed request argument", r"unknown (parameter|field|argument)",
            r"use 'max_completion_tokens'", r"requires --enable-auto-tool-choice", r"no endpoints found that support",
            r"supports? at most \d+ (completion|output) tokens", r"n[o']t supported",
            r"at most \d+ (image|audio|video)",
            r"maximum allowed number of output tokens", r"(range|value).{0,20} max_tokens (is|should be)",
            r"max_tokens value, the valid range", r"cannot both be specified for this model",
            r"must be set to (false|true) for", r"roles must alternate", r"unexpected role '\w+' after",
            r"unknown variant `(image|audio|video|input|file)", r"content'?.{0,12}must be a string", r"isn't supported",
        ),
    ),
    (
        ErrorKind.NOT_FOUND,
        (
            r"model.?not.?found", r"no such model",
            r"model .{0,80}(does not exist|not found|is not available|has been (deprecated|removed|decommissioned))",
            r"decommissioned", r"deploymentnotfound", r"notfounderror", r"unknown model", r"invalid model",
            r"model identifier is invalid",
        ),
    ),
    (
        ErrorKind.TIMEOUT,
        (
            r"time.?d?.?out", r"deadline.?exceeded",
        ),
    ),
    (
        ErrorKind.AUTH,
        (
            r"authenticat", r"unauthorized", r"invalid.?api.?key", r"incorrect api key", r"permission.?denied",
            r"forbidden", r"access.?denied", r"expired.?token",
            r"api key (is )?not valid",
        ),
    ),
    (
        ErrorKind.CONNECTION,
        (
            r"connection", r"connect.?error", r"unreachable", r"name resolution", r"dns", r"network", r"socket",
            r"remoteprotocol", r"incomplete.?read", r"ssl", r"broken.?pipe", r"disconnected",
        ),
    ),
    (
        ErrorKind.CANCELLED,
        (
            r"cancell?ed", r"keyboardinterrupt", r"client.?closed", r"aborted",
        ),
    ),
    (
        ErrorKind.SERVER,
        (
            r"server.?error", r"overloaded", r"at capacity", r"internal.?error", r"service.?unavailable",
            r"bad.?gateway", r"no instances", r"upstream", r"provider (returned|error)", r"api.?error",
            r"unavailable", r"try again", r"overload", r"(status|code|http|error)\D{0,12}5\d\d\b", r"^\W*5\d\d\b",
        ),
    ),
    (
        ErrorKind.REQUEST,
        (
            r"bad.?request", r"invalid.?request", r"invalid.?argument", r"unprocessable",
        ),
    ),
)  # fmt: skip
PATTERNS = tuple((kind, re.compile("|".join(words), re.IGNORECASE | re.DOTALL)) for kind, words in _WORDS)
# What a client could not read of a provider's reply as a whole, which is not what the model said.
UNREADABLE_REPLY = re.compile(
    r"apiresponsevalidation|(requests|httpx|aiohttp)\S{0,30}jsondecodeerror|"
    r"validation errors? for (chatcompletion|completion|message|response|modelresponse)\b",
    re.IGNORECASE,
)
# Failures of the output that a provider itself reports, under the status of a bad request.
SAID_BY_PROVIDERS = re.compile(
    r"tool_use_failed|json_validate_failed|jsonschemavalidation|malformed_function_call|failed to (generate json|call)|"
    r"outputparser|output.?parsing",
    re.IGNORECASE,
)
