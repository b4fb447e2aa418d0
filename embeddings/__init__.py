"""Text -> vectors -> nearest rows. Knows nothing of articles."""

from embeddings.encoder import Encoder, SentenceEncoder, load_encoder
from embeddings.index import FaissIndex, StaleIndexError, VectorIndex
from embeddings.lexical import LexicalIndex, Row, lexical_words
from embeddings.minilm import MiniLMEncoder, TokenScorer
from embeddings.reranker import CrossEncoderReranker, Reranker
from embeddings.spans import MiniLMSpanScorer, SpanScorer, SpanScores, TransformersSpanScorer

__all__ = [
    "CrossEncoderReranker",
    "Encoder",
    "FaissIndex",
    "LexicalIndex",
    "MiniLMEncoder",
    "MiniLMSpanScorer",
    "Reranker",
    "Row",
    "SentenceEncoder",
    "SpanScorer",
    "SpanScores",
    "StaleIndexError",
    "TokenScorer",
    "TransformersSpanScorer",
    "VectorIndex",
    "lexical_words",
    "load_encoder",
]
