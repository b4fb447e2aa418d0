"""A question and texts -> how well each text answers it, read together with the question."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from embeddings.encoder import load_model, model_folder, once

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker(Protocol):
    """Ranks a few texts better than their vectors do, in more time: it reads each one together with the question."""

    def scores(self, question: str, texts: Sequence[str], found: Sequence[float]) -> list[float]:
        """Return one score a text, in the order of ``texts``: higher is better, to be compared within one question.

        ``found`` are the scores by which the texts were found.
        """


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder as a `Reranker`; made at once, its weights loaded at the first question.

    ``model`` is a folder or a name on the Hugging Face hub (used offline where it is cached). Raises FileNotFoundError
    where the model cannot be had, ValueError where it does not load or gives more than one score a text.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        self.name = str(model)
        self._folder = model_folder(self.name, flag="--rerank")
        self._model = once(self._load)

    def _load(self) -> CrossEncoder:
        from sentence_transformers import CrossEncoder

        model: CrossEncoder = load_model(CrossEncoder, self._folder, self.name, flag="--rerank")
        if model.num_labels != 1:
            raise ValueError(
                f"{self.name!r} gives {model.num_labels} scores a text and a reranker gives one: "
                "name another model with --rerank"
            )
        return model

    def scores(self, question: str, texts: Sequence[str], found: Sequence[float] = ()) -> list[float]:
        """Return one score a text, in the order of ``texts``; what is past the model's limit is not read."""
        if not texts:
            return []
        pairs = [(question, text) for text in texts]
        scores: list[float] = (
            self._model().predict(pairs, batch_size=32, show_progress_bar=False).astype(float).tolist()
        )
        return scores
