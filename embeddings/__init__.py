"""Text -> vectors -> nearest rows. Knows nothing of articles."""

from embeddings.encoder import Encoder, SentenceEncoder, load_encoder
from embeddings.index import FaissIndex, StaleIndexError, VectorIndex
from embeddings.lexical import LexicalIndex, Row
from embeddings.minilm import MiniLMEncoder, TokenScorer
from embeddings.reranker import CrossEncoderReranker, Reranker

__all__ = [
    "CrossEncoderReranker",
    "Encoder",
    "FaissIndex",
    "LexicalIndex",
    "MiniLMEncoder",
    "Reranker",
    "Row",
    "SentenceEncoder",
    "StaleIndexError",
    "TokenScorer",
    "VectorIndex",
    "load_encoder",
]
