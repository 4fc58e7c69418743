"""Whether a call may run a course at all, which models its tiers have, and who judges their answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tierwise.agents.protocols import COMPLETIONS
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.data.courses import AGREEMENT, LEARNED, Accepted, Course
from tierwise.features.evidence import Answer
from tierwise.router_model.choosing.exploration import EXPLORED_CODE
from tierwise.serving.deciding.accepting import AcceptRequest, accept_soon
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.conversations.stickiness import PREVIOUS
from tierwise.serving.http.wire import parse_route_request

if TYPE_CHECKING:
    from tierwise.serving.deciding.arms import Arms

COURSES = "courses"
_OWN_TOOLS = frozenset({"function", "custom"})
_EFFECTS = (PREVIOUS, "background", "conversation", "container", "mcp_servers", "web_search_options", "audio")


def wants_course(is_on: bool, request: GatewayRequest, options: object) -> bool:
    """Whether the step may be asked of several models: by the setting, by the caller, and by what the call does."""
    given = options if isinstance(options, Mapping) else {}
    return is_on and given.get(COURSES) in (None, True) and not has_effect(request)


def has_effect(request: GatewayRequest) -> bool:
    """Whether the call itself does something, so that it must not run twice, or cannot be answered by one of two.

    That is: marked so by the caller, tools that the provider runs, answers that it keeps, several choices, and streams
    whose log-probabilities the caller wants, which are not written again.
    """
    body = request.body
    if request.is_once or request.protocol is COMPLETIONS or any(body.get(name) for name in _EFFECTS):
        return True
    if body.get("store", request.protocol.keeps_answers) is not False:
        return True
    if body.get("n") not in (None, 1) or (request.is_stream and body.get("logprobs")):
        return True
    tools = body.get("tools")
    return any(_is_providers(tool) for tool in (tools if isinstance(tools, list) else ()))


def ordered_course(
    answer: Mapping[str, Any], endpoints: Sequence[Endpoint], request: GatewayRequest
) -> tuple[Course, tuple[tuple[Endpoint, ...], ...]] | None:
    """The course in the desk's ``answer`` and, for each tier that it asks, the models that can; None where the step
    gets a single shot: so it was decided, a tier was drawn by exploration, or a tier has no model for the call."""
    raw = answer.get("course")
    if not raw or raw["accept"] not in (LEARNED, AGREEMENT) or answer["fallback"]:
        return None
    if answer["reason"]["code"] == EXPLORED_CODE:
        return None
    course = Course(tuple(raw["ask"]), raw["accept"], raw["otherwise"])
    lines = tuple(_line(endpoints, tier, request) for tier in course.ask)
    return (course, lines) if all(lines) and _line(endpoints, course.otherwise, request) else None


def judge_with(
    route: Mapping[str, Any], decision_id: str, arms: "Arms"
) -> Callable[[Sequence[Answer]], Awaitable[Accepted]]:
    """What ``POST /accept`` would say of answers to the step of ``route``."""

    async def judge(answers: Sequence[Answer]) -> Accepted:
        return await accept_soon(AcceptRequest(parse_route_request(route), decision_id, tuple(answers)), arms)

    return judge


def _line(endpoints: Sequence[Endpoint], tier: str, request: GatewayRequest) -> tuple[Endpoint, ...]:
    return tuple(each for each in endpoints if each.tier == tier and each.can(request.needs))


def _is_providers(tool: object) -> bool:
    kind = tool.get("type", "custom") if isinstance(tool, Mapping) else None
    return not isinstance(kind, str) or kind not in _OWN_TOOLS
