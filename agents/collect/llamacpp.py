"""A local GGUF model through llama.cpp's server, in this process and without a socket (package
`xllamacpp`).
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tierwise.agents.collect import prompts
from tierwise.agents.collect.backend import CollectError, Completion, ModelInfo
from tierwise.data.answer_fields import summed_logprobs
from tierwise.data.parts import Logprobs

CONTEXT_TOKENS = 2048


class LlamaCppBackend:
    """Answers at temperature 0, and tells the log-probabilities of what it wrote. Use one thread per process: two
    threads collapse when cores are shared. ``stops`` end an answer to a plain prompt.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        prompt_format: str,
        n_threads: int = 1,
        stops: Sequence[str] = prompts.PLAIN_STOPS,
    ) -> None:
        if prompt_format not in prompts.FORMATS:
            raise CollectError(f"unknown prompt format {prompt_format!r}; known: {', '.join(prompts.FORMATS)}")
        self._info = ModelInfo(name=name, sha256=file_sha256(path), prompt_format=prompt_format)
        self._stops = tuple(stops)
        self._server = _start_server(path, n_threads)

    @property
    def info(self) -> ModelInfo:
        """Name, digest of the weights and prompt format."""
        return self._info

    def complete(self, text: str, max_tokens: int) -> Completion:
        """One greedy answer."""
        return self._complete(text, max_tokens, {"temperature": 0})

    def resample(self, text: str, max_tokens: int, temperature: float, seed: int) -> Completion:
        """One drawn answer, the same for the same ``seed``."""
        return self._complete(text, max_tokens, {"temperature": temperature, "seed": seed})

    def _complete(self, text: str, max_tokens: int, drawn: dict[str, Any]) -> Completion:
        request = {**drawn, "max_tokens": max_tokens, "cache_prompt": True}
        if self._info.prompt_format == prompts.PLAIN:
            request |= {
                "prompt": prompts.plain_prompt(text),
                "n_predict": max_tokens,
                "stop": list(self._stops),
                "logprobs": 1,
            }
            return _completion(self._server.handle_completions(request))
        request |= {"messages": [{"role": "user", "content": text}], "logprobs": True, "top_logprobs": 1}
        return _completion(self._server.handle_chat_completions(request))


class Resampler:
    """The same model asked again: further answers, drawn at ``temperature``, the ``sample``-th of a step from 1 on."""

    def __init__(self, backend: LlamaCppBackend, temperature: float, sample: int) -> None:
        self._backend = backend
        self._temperature = temperature
        self._sample = sample

    @property
    def info(self) -> ModelInfo:
        """That of the model."""
        return self._backend.info

    def complete(self, text: str, max_tokens: int) -> Completion:
        """The answer that ``sample`` as the seed draws."""
        return self._backend.resample(text, max_tokens, self._temperature, self._sample)


def file_sha256(path: Path) -> str:
    """Hex digest of a file."""
    if not path.is_file():
        raise CollectError(f"no model file {path}; see data/samples/README.md for how to get the weights")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _start_server(path: Path, n_threads: int) -> Any:
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ImportError as missing:
        raise CollectError("running local models needs the package xllamacpp: pip install xllamacpp") from missing
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = n_threads
    params.cpuparams_batch.n_threads = n_threads
    params.warmup = False
    return xllamacpp.Server(params)


def _completion(reply: Any) -> Completion:
    answer = json.loads(reply) if isinstance(reply, str | bytes) else reply
    if "choices" not in answer:
        raise CollectError(f"the model server refused the request: {answer.get('error', answer)}")
    choice, timings = answer["choices"][0], answer.get("timings", {})
    reused = int(timings.get("cache_n", 0))
    return Completion(
        output=choice.get("text") or (choice.get("message") or {}).get("content") or "",
        input_tokens=reused + int(timings.get("prompt_n", 0)),
        output_tokens=int(timings.get("predicted_n", 0)),
        reused_tokens=reused,
        logprobs=_logprobs(choice.get("logprobs")),
        finish_reason=choice.get("finish_reason"),
    )


def _logprobs(told: Any) -> Logprobs | None:
    """Of the tokens that the runtime kept; one that it is sure of may round to above 0."""
    return summed_logprobs([min(0.0, float(token["logprob"])) for token in (told or {}).get("content") or ()])
