"""Any sentence-transformers model to one ONNX graph: transformer, pooling and normalisation, int8 by default.

The legacy exporter is used on purpose: the graph of torch's newer one was refused by onnxruntime.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tierwise.features.encoders.settings import GRAPH_FILE
from tierwise.features.encoders.transformer import TransformerEncoder
from tierwise.training.encoders.artefact import (
    EncoderExport,
    Recipe,
    publish,
    seal,
    staging,
    write_provenance,
)
from tierwise.training.encoders.parity import PARITY_TEXTS, VectorParity, parity_with_source, texts_that_fit
from tierwise.training.encoders.source import (
    EncoderExportError,
    SourceModel,
    load_source,
    need,
    save_tokenizer,
)

OPSET = 17
MAX_DEVIATION_EXACT = 1e-5
MIN_COSINE_MEAN_INT8 = 0.99
# The first layer's widest inputs come through here; no other matrix of MiniLM loses as much in int8.
KEPT_EXACT = "layer.0/output/dense/MatMul"

Precision = Literal["int8", "fp32"]


def export_encoder(
    model_name_or_path: str | Path,
    out_dir: Path | str,
    *,
    max_tokens: int = 128,
    precision: Precision = "int8",
    texts: Sequence[str] = PARITY_TEXTS,
) -> EncoderExport:
    """Export a model into an encoder folder that `load_encoder` reads; nothing is written when parity fails.

    Raises EncoderExportError when fp32 deviates from sentence-transformers by 1e-5 or more in any component, or when
    the mean cosine of int8 lies below .99, over the given texts.
    """
    source = load_source(model_name_or_path)
    with staging() as folder:
        save_tokenizer(source, folder)
        _write_graph(source, folder / GRAPH_FILE)
        settings = seal(folder, kind="transformer", dim=source.dim, max_tokens=max_tokens)
        fitting = texts_that_fit(source.model, texts, max_tokens, settings.head_chars + settings.tail_chars)
        exact = served = _prove_exact(folder, source, fitting)
        if precision == "int8":
            _round_to_int8(folder / GRAPH_FILE)
            settings = seal(folder, kind="transformer", dim=source.dim, max_tokens=max_tokens)
            served = _prove_int8(folder, source, fitting)
        write_provenance(folder, source, settings, _recipe(precision), exact=exact, served=served)
        size_bytes = (folder / GRAPH_FILE).stat().st_size
        publish(folder, Path(out_dir))
    return EncoderExport(Path(out_dir), settings, size_bytes, exact, served)


def _write_graph(source: SourceModel, path: Path) -> None:
    torch = need("torch")
    need("onnx")
    example = torch.tensor([[5, 6, 7], [8, 9, 10]])
    axes = {0: "n_texts", 1: "n_tokens"}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the tracer warns of every shape that it turns into a constant
        torch.onnx.export(
            _sentence_module(source.model),
            (example, torch.ones_like(example)),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "n_texts"}},
            opset_version=OPSET,
            dynamo=False,
        )


def _sentence_module(model: Any) -> Any:
    """The model's own modules in a row (transformer, pooling, dense layers), then normalisation to length 1."""
    torch = need("torch")

    class SentenceModule(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for module in self.model:
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    return SentenceModule().eval()


def _round_to_int8(path: Path) -> None:
    """Rewrite the graph with int8 weights, one scale per output channel.

    Weights use seven of the eight bits: on processors without VNNI, sums of full int8 products saturate, and vectors
    would differ from machine to machine. That costs MiniLM .002 of cosine, which one matrix left exact gives back.
    """
    onnx = need("onnx")
    quantization = need("onnxruntime.quantization")
    exact = path.with_suffix(".fp32.onnx")
    path.rename(exact)
    names = [node.name for node in onnx.load(exact).graph.node if node.op_type == "MatMul"]
    with _without_root_warnings():
        quantization.quantize_dynamic(
            exact,
            path,
            per_channel=True,
            reduce_range=True,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=[name for name in names if name.endswith(KEPT_EXACT)],
        )
    exact.unlink()


@contextmanager
def _without_root_warnings() -> Iterator[None]:
    """The quantizer logs advice about preprocessing on the root logger, for graphs with shapes left to infer."""
    logger = logging.getLogger()
    logger.addFilter(_is_no_advice)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Please consider to run pre-processing")


def _prove_exact(folder: Path, source: SourceModel, texts: Sequence[str]) -> VectorParity:
    parity = parity_with_source(TransformerEncoder.load(folder), source.model, texts)
    if parity.max_abs_deviation >= MAX_DEVIATION_EXACT:
        raise EncoderExportError(
            f"the ONNX graph of {source.name} deviates from sentence-transformers by {parity.max_abs_deviation:.1e} "
            f"(allowed: {MAX_DEVIATION_EXACT:.0e}); does the model add a prompt, or pool in a way that was not traced?"
        )
    return parity


def _prove_int8(folder: Path, source: SourceModel, texts: Sequence[str]) -> VectorParity:
    parity = parity_with_source(TransformerEncoder.load(folder), source.model, texts)
    if parity.cosine_mean < MIN_COSINE_MEAN_INT8:
        raise EncoderExportError(
            f"int8 {source.name} agrees with its source at a mean cosine of {parity.cosine_mean:.4f} "
            f"(needed: {MIN_COSINE_MEAN_INT8}); export it with precision='fp32'"
        )
    return parity


def _recipe(precision: Precision) -> Recipe:
    return Recipe(
        method="torch.onnx.export (legacy tracer), pooling and normalisation in the graph"
        + (", dynamic int8 per channel with reduced range" if precision == "int8" else ""),
        parameters={"opset": OPSET, "precision": precision},
        packages=("sentence-transformers", "torch", "onnx", "onnxruntime"),
    )
