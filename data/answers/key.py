"""The key of an answer: its kind, how many answers were possible, and the answer in canonical form."""

import hmac
import math
import re
from dataclasses import dataclass
from hashlib import sha256

OPEN_BITS = 3.0  # with two to five possible answers, related models agree on wrong ones; with more they rarely do
MAX_BODY_CHARS = 400

_FORM = re.compile(r"([a-z_]{1,16})/(\d{1,4}(?:\.\d)?)/(.*)", re.DOTALL)
_DIGEST = re.compile(r"~([0-9a-f]{8}):[0-9a-f]{32}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """``kind`` says how the answer was read, ``bits`` is the logarithm to base 2 of how many answers were possible (a
    rough count; NaN where a foreign key does not tell), ``body`` the canonical form or a keyed digest of it.

    >>> AnswerKey("choice", 2.0, "c").text
    'choice/2.0/c'
    """

    kind: str
    bits: float
    body: str

    @property
    def text(self) -> str:
        """The form of ``attempts[].answer_key`` in a log; a foreign key stays as it came."""
        return self.body if self.kind == "given" else f"{self.kind}/{self.bits:.1f}/{self.body}"

    @property
    def is_open(self) -> bool:
        """Whether so many answers were possible that two models hardly agree on the same wrong one by chance."""
        return self.bits >= OPEN_BITS

    @property
    def digest_id(self) -> str | None:
        """Which secret made the digest; None for a key in the clear."""
        found = _DIGEST.fullmatch(self.body)
        return found.group(1) if found else None


def make_key(kind: str, bits: float, body: str) -> AnswerKey:
    """A key that can be stored: what databases refuse is replaced, a long body becomes its digest."""
    body = _UNSTORABLE.sub("\ufffd", body)
    if len(body) > MAX_BODY_CHARS or body.startswith(("~", "#")):
        body = f"#{sha256(body.encode()).hexdigest()}"
    return AnswerKey(kind, round(min(bits, 64.0), 1), body)


def parse_key(text: str) -> AnswerKey:
    """The key that a log holds. A key of a caller's own form is compared as it stands; its openness is unknown."""
    found = _FORM.fullmatch(text)
    if not found:
        return AnswerKey("given", math.nan, text)
    return AnswerKey(found.group(1), float(found.group(2)), found.group(3))


def digest_key(key: AnswerKey, secret: bytes, step_id: str) -> AnswerKey:
    """The key with its body replaced by a keyed digest: logs then hold agreement without the answers.

    The step's id goes in, so that "yes" to one step does not look like "yes" to another. A digest stays as it is.
    """
    if key.digest_id:
        return key
    message = f"{len(step_id)}:{step_id}{key.kind}/{key.body}".encode("utf-8", "surrogatepass")
    digest = hmac.new(secret, message, sha256).hexdigest()[:32]
    secret_id = hmac.new(secret, b"id", sha256).hexdigest()[:8]
    return AnswerKey(key.kind if key.kind != "given" else "digest", _known(key.bits), f"~{secret_id}:{digest}")


def same_answer(one: AnswerKey | None, other: AnswerKey | None) -> bool | None:
    """Whether two answers to one step mean the same; None where that cannot be told."""
    if one is None or other is None or one.digest_id != other.digest_id:
        return None
    return (one.kind, one.body) == (other.kind, other.body)


def _known(bits: float) -> float:
    return 0.0 if math.isnan(bits) else bits
