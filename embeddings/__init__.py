"""Text -> vectors -> nearest rows. Knows nothing of articles."""

from embeddings.encoder import Encoder, SentenceEncoder
from embeddings.index import FaissIndex, StaleIndexError, VectorIndex

__all__ = ["Encoder", "FaissIndex", "SentenceEncoder", "StaleIndexError", "VectorIndex"]
