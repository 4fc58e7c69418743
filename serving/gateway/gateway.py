"""The gateway as one object: what can be called now, who decides, where outcomes go."""

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
from fastapi import Request, Response

from tierwise.agents.protocols import WireProtocol
from tierwise.agents.upstreams.asking import Asked
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.transport import Transport
from tierwise.data.catalogue import TierCatalogue
from tierwise.serving.dashboard.access import load_secret
from tierwise.serving.gateway.aliases import Aliases
from tierwise.serving.gateway.calls.asked import AUTO, BEST, PROFILES, GatewayRequest, parse_request
from tierwise.serving.gateway.calls.call import STATUS_CLIENT_CLOSED, Call
from tierwise.serving.gateway.calls.completions import complete_stream, complete_whole
from tierwise.serving.gateway.calls.disconnect import CallerGoneError, while_connected
from tierwise.serving.gateway.calls.line_up import can_answer, doubtful_last, line_up, that_can_be_told, that_fit
from tierwise.serving.gateway.conversations.memory import Memory
from tierwise.serving.gateway.conversations.stickiness import Holder
from tierwise.serving.gateway.courses.answers import AnswerKeeper
from tierwise.serving.gateway.courses.audit import open_audit
from tierwise.serving.gateway.courses.course import CourseCall, complete_course
from tierwise.serving.gateway.courses.course_order import COURSES, judge_with, ordered_course, wants_course
from tierwise.serving.gateway.courses.mirror import open_mirror
from tierwise.serving.gateway.endpoints import find_endpoints, find_missing_keys
from tierwise.serving.gateway.observing import Observer
from tierwise.serving.gateway.reports import Reports
from tierwise.serving.gateway.watch import Watch
from tierwise.serving.http.bodies import read_json
from tierwise.serving.http.problems import Problem, model_unknown, upstream_missing
from tierwise.serving.service import Service
from tierwise.serving.settings import Settings

if TYPE_CHECKING:
    from tierwise.serving.watching.tracing import Tracing

MAX_CONNECTIONS = 2_000
_LOGGER = logging.getLogger(__name__)


class Gateway:
    """Answers callers of every protocol with the models of the live router's tiers.

    ``environment`` holds the providers' keys. Close it with ``aclose``.
    """

    def __init__(
        self, service: Service, tracing: "Tracing | None" = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        settings = service.settings
        self._service = service
        self._tracing = tracing
        self._environment = environment
        self._overlay = TierCatalogue.load(settings.tiers) if settings.tiers else None
        self._client = _client(settings.upstream_timeout_seconds, settings.upstream_connect_seconds)
        self.transport = Transport(lambda: self._client)
        self._reports = Reports(
            service.recorder,
            service.metrics,
            lambda: self._catalogue.names,
            settings.queue_size,
            service.desk.recall,
        )
        self._memory = Memory(time.monotonic, settings.cache_seconds)
        self._holder = Holder(self._memory, settings.stickiness)
        self._watch = Watch(service.metrics, self._memory)
        self._aliases = Aliases.parse(settings.model_aliases)
        self._optional_tools = frozenset(settings.optional_tools.replace(",", " ").split())
        self._found: tuple[TierCatalogue, tuple[Endpoint, ...]] | None = None
        self._observer = Observer() if settings.observe else None
        self._answers = AnswerKeeper(settings.kept_answers, _answer_secret(settings))
        self._mirror = open_mirror(service, self.transport, self._reports.add, self._answers)
        self._audit = open_audit(service, self.transport, self._reports.add, self._answers)

    @property
    def settings(self) -> Settings:
        return self._service.settings

    async def aclose(self) -> None:
        if self._mirror is not None:
            await self._mirror.aclose()
        if self._audit is not None:
            await self._audit.aclose()
        await self._client.aclose()
        self._reports.close()

    async def complete(self, request: Request, protocol: WireProtocol) -> Response:
        """One call, answered whole or as a stream. Raises ``Problem``."""
        raw = await read_json(request, self._service.settings, self._service.settings.chat_max_body_bytes)
        call = await self._call(parse_request(protocol, raw, request.headers))
        run = complete_stream if call.request.is_stream else complete_whole
        try:
            if call.course is not None:
                return await while_connected(request.receive, complete_course(call, call.course, self.transport))
            return await while_connected(request.receive, run(call, self.transport))
        except CallerGoneError:
            return Response(status_code=STATUS_CLIENT_CLOSED)

    def model_names(self) -> tuple[str, ...]:
        """What a caller may ask for: the automatic ones first, then every model that can be called, then aliases."""
        endpoints = self.endpoints()
        automatic = (*PROFILES, BEST) if endpoints else ()
        names = (*automatic, *(each.model.name for each in endpoints), *(self._aliases.plain if endpoints else ()))
        return tuple(dict.fromkeys(names))

    def knows(self, name: str) -> bool:
        """Whether a caller may ask for ``name``."""
        return name in self.model_names() or (bool(self.endpoints()) and self._aliases.target_of(name) is not None)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The models that can be called now."""
        catalogue = self._catalogue
        if self._found is None or self._found[0] is not catalogue:
            self._found = (catalogue, find_endpoints(catalogue, self._overlay, self._environment))
            for name in find_missing_keys(catalogue, self._overlay, self._environment):
                _LOGGER.warning("the environment variable %s is not set; its models cannot be called", name)
        return self._found[1]

    def named(self, name: str) -> tuple[Endpoint, ...]:
        """The endpoints of the model that a caller names, itself or by an alias; none for the automatic ones."""
        found = tuple(each for each in self.endpoints() if each.model.name == name)
        target = None if found or _is_automatic(name) else self._aliases.target_of(name)
        return found if target is None else tuple(each for each in self.endpoints() if each.model.name == target)

    def unknown(self, name: str) -> Problem:
        """Why a model that was named cannot answer."""
        models = [model.name for tier in self._catalogue.tiers for model in tier.models]
        if name in models:
            return upstream_missing(f"the model '{name}' cannot be called: it has no base_url, or its key is not set")
        return model_unknown(name, self.model_names() or (AUTO,))

    async def _call(self, request: GatewayRequest) -> Call:
        endpoints = self._endpoints_for(request)
        named = tuple(each for each in endpoints if each.model.name == request.model)
        if not named and not _is_automatic(request.model):
            target = self._aliases.target_of(request.model)
            if target is None and self._observer is None:
                raise self.unknown(request.model)
            request = replace(request, model=target or request.model)
            named = tuple(each for each in endpoints if each.model.name == target)
        if self._observer is not None:
            named = self._observer.endpoints_for(request.model, endpoints)
        if named:
            return self._as_named(request, self._sayable(named, request))
        if not _is_automatic(request.model):
            raise self.unknown(request.model)
        return await self._routed(request, endpoints)

    def _endpoints_for(self, request: GatewayRequest) -> tuple[Endpoint, ...]:
        """The models that speak the call's protocol, or one that it can be translated into."""
        return tuple(each for each in self.endpoints() if can_answer(each, request.protocol.name))

    def _as_named(self, request: GatewayRequest, named: tuple[tuple[Endpoint, ...], Asked]) -> Call:
        endpoints, asked = named
        endpoints = doubtful_last(that_fit(endpoints, request), request)
        decision_id = self._entered(request, endpoints[0].tier, request.model)
        return self._new_call(request, asked, decision_id, endpoints)

    async def _routed(self, request: GatewayRequest, endpoints: tuple[Endpoint, ...]) -> Call:
        if not endpoints:
            raise upstream_missing(self._why_none())
        told, asked = self._sayable(endpoints, request)
        told = that_fit(told, request)
        names = self._catalogue.names
        given = request.route.get("options") or {}
        callable_tiers = [name for name in names if any(each.tier == name for each in told)]
        options = _options(request.model, given, callable_tiers, names) if isinstance(given, Mapping) else {}
        max_tier = options.get("max_tier")
        held = self._holder.held(request, told)
        if held is not None:
            decision_id = self._entered(request, held.endpoint.tier, held.endpoint.model.name, held.why)
            rest = () if held.is_bound else line_up(told, names, held.endpoint.tier, max_tier, request.needs)
            kept = (held.endpoint, *(each for each in rest if each is not held.endpoint))
            return self._new_call(request, asked, decision_id, kept)
        route = {**self._with_warmth(request), "options": options or given}
        is_course = wants_course(self.settings.courses, request, given)
        if is_course:
            route["options"] = {**options, COURSES: True}
        try:
            answer = await self._service.desk.answer_soon(route)
        except Problem as problem:
            raise _as_seen_by_caller(problem) from None
        ordered = ordered_course(answer, told, request) if is_course else None
        if ordered is not None:
            course, lines = ordered
            judge = judge_with(route, answer["decision_id"], self._service.arms)
            tops = doubtful_last(line_up(told, names, course.otherwise, max_tier, request.needs), request)
            call = self._new_call(request, asked, answer["decision_id"], tops)
            consider = None if self._audit is None else self._audit.consider
            seconds = self.settings.upstream_timeout_seconds
            call.course, call.mirror = CourseCall(course, lines, answer["tier"], judge, consider, seconds), None
            return call
        found = line_up(told, names, answer["tier"], max_tier, request.needs)
        found = found or line_up(told, names, answer["tier"], max_tier, frozenset())  # let the provider refuse
        return self._new_call(request, asked, answer["decision_id"], doubtful_last(found, request))

    def _sayable(self, endpoints: tuple[Endpoint, ...], request: GatewayRequest) -> tuple[tuple[Endpoint, ...], Asked]:
        """Those that the call can be put to, and the call as it is put to them. Raises ``Problem``."""
        asked = Asked(request.protocol, request.body, headers=request.headers, optional_tools=self._optional_tools)
        return that_can_be_told(self._holder.keeping(endpoints, request), asked), asked

    def _with_warmth(self, request: GatewayRequest) -> Mapping[str, Any]:
        """The route body, with what the providers' caches hold of the conversation, unless the caller says it."""
        warm = self._memory.warm_tokens(request.session_key)
        if not warm or request.route.get("session"):
            return request.route
        return {**request.route, "session": {"cached_by_tier": dict(warm)}}

    def _entered(self, request: GatewayRequest, tier: str, model: str, why: str | None = None) -> str:
        try:
            return self._service.desk.enter(request.route, tier, model, why)
        except Problem as problem:
            raise _as_seen_by_caller(problem) from None

    def _new_call(
        self, request: GatewayRequest, asked: Asked, decision_id: str, endpoints: tuple[Endpoint, ...]
    ) -> Call:
        asked.answer_id = request.protocol.id_prefix + decision_id
        asked.created = int(time.time())
        call = Call(
            request, asked, decision_id, endpoints, self._reports.add, self._watch, self._tracing, self._answers
        )
        if self._mirror is not None:
            call.mirror = partial(self._mirror.consider, endpoints=self._endpoints_for(request))
        return call

    @property
    def _catalogue(self) -> TierCatalogue:
        return self._service.slot.decider.catalogue

    def _why_none(self) -> str:
        missing = find_missing_keys(self._catalogue, self._overlay, self._environment)
        if missing:
            return f"no tier has a model that can be called: set the environment variable {' or '.join(missing)}"
        return "no tier has a model with a base_url; add one to tiers.toml and name it with TIERWISE_TIERS"


def _is_automatic(name: str) -> bool:
    return name in PROFILES or name == BEST


def _client(timeout_seconds: float, connect_seconds: float) -> httpx2.AsyncClient:
    """One pool of connections for all providers."""
    timeout = httpx2.Timeout(timeout_seconds, connect=connect_seconds)
    limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=100)
    return httpx2.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False)


def _answer_secret(settings: Settings) -> bytes:
    return b"" if settings.kept_answers == "none" else load_secret(settings.state_folder, "answers")


def _options(model: str, given: Mapping[str, Any], callable_tiers: list[str], names: tuple[str, ...]) -> dict[str, Any]:
    """The options of the decision: the caller's own, then those of the model's name; never a tier above the dearest
    that can be called."""
    options = {**PROFILES.get(model, {}), **given}
    wanted = options.get("max_tier") or names[-1]
    if wanted not in names:
        return options  # the desk refuses it
    below = [name for name in callable_tiers if names.index(name) <= names.index(wanted)]
    if not below:
        raise upstream_missing(f"no tier up to '{wanted}' has a model that can be called")
    if below[-1] != names[-1]:
        options["max_tier"] = below[-1]
    if model == BEST:
        options.setdefault("min_tier", below[-1])
    return options


def _as_seen_by_caller(problem: Problem) -> Problem:
    """The desk speaks of ``step.messages``; the caller sent ``messages``."""
    detail = problem.detail.removeprefix("step.")
    field = None if problem.field is None else problem.field.removeprefix("step.")
    return Problem(problem.kind, problem.status, detail, field, problem.headers)
