"""A question and texts -> where in each text its answer may start and end, read together with the question."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import model_folder, once
from embeddings.minilm import TokenScorer

# What is read of a question and of a text, in tokens; the model's place vectors end at 512.
MOST_OF_QUESTION, MOST_OF_TEXT = 64, 384
# The types of a pair's tokens.
ASKED, READ = 0, 1


class SpanScores(NamedTuple):
    """The scores of one text's tokens, to be added: a start's and an end's make a span's.

    ``starts`` and ``ends`` are (tokens,), ``offsets`` the tokens' places (start, end) in the text, and ``nothing`` is
    what a span must exceed to be likelier than that the text does not answer.
    """

    offsets: list[tuple[int, int]]
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    nothing: float


class SpanScorer(Protocol):
    """Reads a few texts for the answer to a question."""

    def scores(self, question: str, texts: Sequence[str]) -> list[SpanScores]:
        """Return the scores of each text's tokens, in the order of ``texts``."""


class MiniLMSpanScorer:
    """all-MiniLM-L6-v2 trained further to find answers (see `TokenScorer`), as a `SpanScorer`."""

    def __init__(self, trained: Path, sha256: str) -> None:
        self._scorer = TokenScorer(trained, sha256)

    def scores(self, question: str, texts: Sequence[str]) -> list[SpanScores]:
        """Return the scores of each text's tokens, in the order of ``texts``; the first 384 of each are read."""
        (asked, _), *read = self._scorer.tokens([question, *texts])
        pairs = [pair(asked, ids) for ids, _ in read]
        found = self._scorer.scores([ids for ids, _ in pairs], [types for _, types in pairs])
        scores = []
        for (ids, types), (_, offsets), rows in zip(pairs, read, found, strict=True):
            first = types.index(READ)
            own = rows[first : len(ids) - 1]
            scores.append(SpanScores(offsets[1 : len(own) + 1], own[:, 0], own[:, 1], float(rows[0].sum())))
        return scores


def pair(asked: Sequence[int], read: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the token ids and types of a question and a text, each of which comes with special tokens at both ends."""
    question = [*asked[:-1][:MOST_OF_QUESTION], asked[-1]]
    text = [*read[1:-1][:MOST_OF_TEXT], read[-1]]
    return [*question, *text], [ASKED] * len(question) + [READ] * len(text)


class TransformersSpanScorer:
    """Any Hugging Face model for extractive question answering as a `SpanScorer`; loaded at the first question.

    ``model`` is a folder or a name on the Hugging Face hub (used offline where it is cached). Raises FileNotFoundError
    where the model cannot be had, ValueError where it does not load or has no fast tokenizer.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        self.name = str(model)
        self._folder = model_folder(self.name, flag="--reader")
        self._model = once(self._load)

    def _load(self) -> tuple[Any, Any]:
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
            model, report = AutoModelForQuestionAnswering.from_pretrained(
                self._folder, local_files_only=True, output_loading_info=True
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.name!r} does not load as a model that answers questions: {str(error).strip().splitlines()[0]}. "
                "Name another with --reader"
            ) from error
        if report["missing_keys"] or not tokenizer.is_fast:
            lacks = f"the weights {sorted(report['missing_keys'])}" if report["missing_keys"] else "a fast tokenizer"
            raise ValueError(f"{self.name!r} lacks {lacks}: name a model for extractive question answering (--reader)")
        return tokenizer, model.eval()

    def scores(self, question: str, texts: Sequence[str]) -> list[SpanScores]:
        """Return the scores of each text's tokens, in the order of ``texts``; what is past the limits is not read."""
        if not texts:
            return []
        import torch

        tokenizer, model = self._model()
        asked = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        pairs = tokenizer(
            [question[: asked[:MOST_OF_QUESTION][-1][1]] if asked else ""] * len(texts),
            list(texts),
            truncation="only_second",
            max_length=min(MOST_OF_QUESTION + MOST_OF_TEXT, tokenizer.model_max_length),
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        places = pairs.pop("offset_mapping").tolist()
        with torch.inference_mode():
            read = model(**pairs)
        starts, ends = read.start_logits.float().numpy(), read.end_logits.float().numpy()
        scores = []
        for i, offsets in enumerate(places):
            own = [n for n, part in enumerate(pairs.sequence_ids(i)) if part == 1]
            nothing = float(starts[i, 0] + ends[i, 0])
            scores.append(SpanScores([tuple(offsets[n]) for n in own], starts[i, own], ends[i, own], nothing))
        return scores
