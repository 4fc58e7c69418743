"""Two real local models as cheap tiers. What they answered is kept: the same prompt is asked once, in any run."""

import gzip
import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

Answer = dict[str, Any]
"""``output``, tokens (``input_tokens``, ``output_tokens``, ``reused_tokens``), ``latency_ms``, ``finish_reason`` and
``logprobs``."""

FILES = {"small": "smollm2-135m-instruct-q4_1.gguf", "mid": "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"}
NAMES = {"small": "SmolLM2-135M-Instruct Q4_1", "mid": "Qwen2.5-Coder-1.5B-Instruct Q4_K_M"}
MAX_TOKENS = 32


class Asked(Protocol):
    """Whoever answers a prompt on a tier."""

    def answer(self, tier: str, prompt: str) -> Answer: ...


class NotRecordedError(Exception):
    """Nobody has asked this prompt yet, and there is no model to ask."""


class Recorded:
    """Answers by tier and prompt, in files that only grow; ``models`` are asked for what is not there, and without them
    ``NotRecordedError`` says so."""

    def __init__(self, path: Path, models: Mapping[str, Any] | None = None, shipped: Iterable[Path] = ()) -> None:
        self._path = path
        self._models = dict(models or {})
        self._known: dict[str, Answer] = {}
        for each in (*shipped, path):
            if each.is_file():
                self._known |= dict(_lines(each))
        self.used: dict[str, Answer] = {}

    def answer(self, tier: str, prompt: str) -> Answer:
        """What the tier's model answers, always the same."""
        key = hashlib.sha256(f"{tier}\n{prompt}".encode()).hexdigest()[:20]
        if key not in self._known:
            if tier not in self._models:
                raise NotRecordedError(f"no answer of {tier} is recorded for {prompt[-80:]!r}; give --models FOLDER")
            self._known[key] = _asked(self._models[tier], prompt)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **self._known[key]}) + "\n")
        self.used[key] = self._known[key]
        return self._known[key]

    def write_used(self, path: Path) -> None:
        """Adds the answers that were used to those in ``path``, so that a run can be repeated without the models."""
        kept = dict(_lines(path)) if path.is_file() else {}
        lines = "".join(json.dumps({"key": key, **answer}) + "\n" for key, answer in sorted((kept | self.used).items()))
        path.write_bytes(gzip.compress(lines.encode(), 9, mtime=0))


def local_models(folder: Path) -> dict[str, Any]:
    """The two models, one thread each; an answer ends with its line."""
    from tierwise.agents.collect.llamacpp import LlamaCppBackend

    return {tier: LlamaCppBackend(folder / file, NAMES[tier], "plain", stops=("\n",)) for tier, file in FILES.items()}


def _asked(model: Any, prompt: str) -> Answer:
    start = time.perf_counter()
    done = model.complete(prompt, MAX_TOKENS)
    found = done.logprobs
    return {
        "output": done.output.strip(),
        "input_tokens": done.input_tokens,
        "output_tokens": max(done.output_tokens, 1),
        "reused_tokens": done.reused_tokens,
        "latency_ms": round((time.perf_counter() - start) * 1000),
        "finish_reason": done.finish_reason,
        "logprobs": None if found is None else {"mean": round(found.mean, 4), "min": round(found.min, 4), "n": found.n},
    }


def _lines(path: Path) -> Iterable[tuple[str, Answer]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.endswith("}"):
            continue  # a kill cut the last line
        record = json.loads(line)
        yield record.pop("key"), record
