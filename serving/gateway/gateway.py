"""The gateway as one object: what can be called now, who decides, where outcomes go."""

import logging
import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from tierwise.data.catalogue import TierCatalogue
from tierwise.serving.bodies import read_json
from tierwise.serving.dashboard.access import load_secret
from tierwise.serving.gateway.answers import AnswerKeeper
from tierwise.serving.gateway.call import STATUS_CLIENT_CLOSED, Call
from tierwise.serving.gateway.chat import AUTO, BEST, PROFILES, ChatRequest, parse_chat
from tierwise.serving.gateway.completions import complete_stream, complete_whole
from tierwise.serving.gateway.disconnect import CallerGoneError, while_connected
from tierwise.serving.gateway.endpoints import Endpoint, find_endpoints, find_missing_keys, line_up
from tierwise.serving.gateway.mirror import open_mirror
from tierwise.serving.gateway.observing import Observer
from tierwise.serving.gateway.reports import Reports
from tierwise.serving.gateway.upstream import Upstream
from tierwise.serving.problems import Problem, model_unknown, upstream_missing
from tierwise.serving.service import Service
from tierwise.serving.settings import Settings

if TYPE_CHECKING:
    from tierwise.serving.tracing import Tracing

_LOGGER = logging.getLogger(__name__)


class Gateway:
    """Answers OpenAI clients with the models of the live router's tiers.

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
        self._upstream = Upstream(settings.upstream_timeout_seconds, settings.upstream_connect_seconds)
        self._reports = Reports(service.recorder, service.metrics, lambda: self._catalogue.names, settings.queue_size)
        self._found: tuple[TierCatalogue, tuple[Endpoint, ...]] | None = None
        self._observer = Observer() if settings.observe else None
        self._answers = AnswerKeeper(settings.kept_answers, _answer_secret(settings))
        self._mirror = open_mirror(service, self._upstream, self._reports.add, self._answers)

    async def aclose(self) -> None:
        if self._mirror is not None:
            await self._mirror.aclose()
        await self._upstream.aclose()
        self._reports.close()

    async def complete(self, request: Request) -> Response:
        """One chat completion, whole or as a stream. Raises ``Problem``."""
        raw = await read_json(request, self._service.settings, self._service.settings.chat_max_body_bytes)
        call = await self._call(parse_chat(raw, request.headers))
        run = complete_stream if call.chat.is_stream else complete_whole
        try:
            return await while_connected(request.receive, run(call, self._upstream))
        except CallerGoneError:
            return Response(status_code=STATUS_CLIENT_CLOSED)

    def model_names(self) -> tuple[str, ...]:
        """What a caller may ask for: the automatic ones first, then every model that can be called."""
        endpoints = self._endpoints()
        automatic = (*PROFILES, BEST) if endpoints else ()
        return (*automatic, *dict.fromkeys(each.model.name for each in endpoints))

    async def _call(self, chat: ChatRequest) -> Call:
        endpoints = self._endpoints()
        if self._observer is not None:
            named = self._observer.endpoints_for(chat.model, endpoints)
        elif chat.model in PROFILES or chat.model == BEST:
            return await self._routed(chat, endpoints)
        else:
            named = tuple(each for each in endpoints if each.model.name == chat.model)
        if not named:
            raise self._unknown(chat.model)
        try:
            decision_id = self._service.desk.enter(chat.route, named[0].tier, chat.model)
        except Problem as problem:
            raise _as_seen_by_caller(problem) from None
        return self._made(chat, decision_id, named)

    async def _routed(self, chat: ChatRequest, endpoints: tuple[Endpoint, ...]) -> Call:
        if not endpoints:
            raise upstream_missing(self._why_none())
        names = self._catalogue.names
        given = chat.route.get("options") or {}
        callable_tiers = [name for name in names if any(each.tier == name for each in endpoints)]
        options = _options(chat.model, given, callable_tiers, names) if isinstance(given, Mapping) else {}
        try:
            answer = await self._service.desk.answer_soon({**chat.route, "options": options or given})
        except Problem as problem:
            raise _as_seen_by_caller(problem) from None
        max_tier = options.get("max_tier")
        found = line_up(endpoints, names, answer["tier"], max_tier, chat.needs)
        found = found or line_up(endpoints, names, answer["tier"], max_tier, frozenset())  # let the provider refuse
        return self._made(chat, answer["decision_id"], found)

    def _made(self, chat: ChatRequest, decision_id: str, endpoints: tuple[Endpoint, ...]) -> Call:
        """A call whose attempts are reported, with what is kept of answers, and mirrored."""
        call = Call(chat, decision_id, endpoints, self._reports.add, self._tracing, self._answers)
        if self._mirror is not None:
            call.mirror = partial(self._mirror.consider, endpoints=self._endpoints())
        return call

    @property
    def _catalogue(self) -> TierCatalogue:
        return self._service.slot.decider.catalogue

    def _endpoints(self) -> tuple[Endpoint, ...]:
        catalogue = self._catalogue
        if self._found is None or self._found[0] is not catalogue:
            self._found = (catalogue, find_endpoints(catalogue, self._overlay, self._environment))
            for name in find_missing_keys(catalogue, self._overlay, self._environment):
                _LOGGER.warning("the environment variable %s is not set; its models cannot be called", name)
        return self._found[1]

    def _why_none(self) -> str:
        missing = find_missing_keys(self._catalogue, self._overlay, self._environment)
        if missing:
            return f"no tier has a model that can be called: set the environment variable {' or '.join(missing)}"
        return "no tier has a model with a base_url; add one to tiers.toml and name it with TIERWISE_TIERS"

    def _unknown(self, name: str) -> Problem:
        models = [model.name for tier in self._catalogue.tiers for model in tier.models]
        if name in models:
            return upstream_missing(f"the model '{name}' cannot be called: it has no base_url, or its key is not set")
        return model_unknown(name, self.model_names() or (AUTO,))


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
