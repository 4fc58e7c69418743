"""Text to vector: a static sentence embedding by default, any exported transformer as the alternative."""

from tierwise.features.encoders.encoder import Encoder, load_encoder
from tierwise.features.encoders.settings import EncoderError, EncoderSettings
from tierwise.features.encoders.static import StaticEncoder
from tierwise.features.encoders.transformer import TransformerEncoder

__all__ = [
    "Encoder",
    "EncoderError",
    "EncoderSettings",
    "StaticEncoder",
    "TransformerEncoder",
    "load_encoder",
]
