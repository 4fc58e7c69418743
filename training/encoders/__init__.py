"""Encoders for the feature pipeline: any sentence-transformers model as ONNX, with proof of parity."""

from tierwise.training.encoders.artefact import EncoderExport
from tierwise.training.encoders.export import export_encoder
from tierwise.training.encoders.source import EncoderExportError

__all__ = ["EncoderExport", "EncoderExportError", "export_encoder"]
