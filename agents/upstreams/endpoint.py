"""One model that can be called: where, with which key, in which protocols, and whether that is worth trying now."""

from dataclasses import dataclass, field
from time import monotonic

from tierwise.agents.breaker import CircuitBreaker
from tierwise.agents.protocols import CHAT, PROTOCOLS, WireProtocol
from tierwise.agents.upstreams.lessons import Lessons
from tierwise.data.catalogue import Model


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model of one tier. ``lessons`` are what its provider's refusals taught."""

    tier: str
    model: Model
    base_url: str
    key: str | None
    breaker: CircuitBreaker = field(default_factory=lambda: CircuitBreaker(monotonic), compare=False)
    lessons: Lessons = field(default_factory=Lessons, compare=False)

    @property
    def url(self) -> str:
        """Where its first protocol is spoken."""
        return self.url_of(PROTOCOLS[self.model.protocols[0]])

    def url_of(self, protocol: WireProtocol) -> str:
        return self.base_url.rstrip("/") + protocol.path

    def speaks(self, protocol: WireProtocol) -> bool:
        return protocol.name in self.model.protocols

    def protocol_for(self, asked: WireProtocol) -> WireProtocol:
        """The protocol to call it in: the caller's own, where it speaks that."""
        if asked.name in self.model.protocols:
            return asked
        return PROTOCOLS.get(self.model.protocols[0], CHAT)

    def can(self, capabilities: frozenset[str]) -> bool:
        """Whether the model has what a call needs. One that declares nothing is taken to have everything."""
        return not self.model.capabilities or capabilities <= set(self.model.capabilities)
