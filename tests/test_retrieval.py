"""What is found by meaning and by words, how it is put into one list, and what reads it once more."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest
from conftest import WordEncoder

from embeddings import CrossEncoderReranker
from qa import Library, open_library
from qa.embedded import EmbeddedStore
from qa.retrieval import Hit

Make = Callable[..., Library]


class Longest:
    """A reranker that prefers long texts."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def scores(self, question: str, texts: Sequence[str], found: Sequence[float]) -> list[float]:
        self.read += texts
        return [float(len(text)) for text in texts]


def found(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.article.path for hit in hits]


def test_each_search_ranks_by_its_own_score_and_fused_by_both(make_library: Make) -> None:
    library = make_library()
    for search, score in (
        ("dense", lambda hit: hit.cosine),
        ("lexical", lambda hit: hit.bm25),
        ("fused", lambda hit: 0.4 * hit.cosine + 0.6 * hit.bm25),
    ):
        hits = library.retrieve("Who is the Fair mayor?", 5, search=search)
        assert [hit.score for hit in hits] == [pytest.approx(score(hit)) for hit in hits]
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_words_find_what_the_vectors_do_not(make_library: Make, folder: Path) -> None:
    for number in range(60):
        (folder / f"noise{number}.txt").write_text(f"Of noise{number}.\n")
    library = make_library()
    # Another form of the word is another dimension of this encoder, and the same stem.
    assert found(library.retrieve("of of bridges", 1, search="dense"))[0].startswith("noise")
    hit = library.retrieve("of of bridges", 1, search="lexical")[0]
    assert (hit.passage.article.path, hit.cosine, hit.dense_rank, hit.lexical_rank) == ("bridge.txt", 0.0, None, 1)


def test_many_questions_find_what_each_finds_alone(make_library: Make) -> None:
    library = make_library()
    questions = ["Who is mayor?", "When did the fair open?", "bridge"] * 7
    assert library.retrieve_many(questions, 2) == [library.retrieve(question, 2) for question in questions]
    assert library.retrieve_many([], 2) == []


def test_articles_of_about_today_are_ranked_a_little_higher(make_library: Make, folder: Path) -> None:
    for day in ("2024-06-01", "2024-06-11", "2020-06-01"):
        (folder / f"{day}.md").write_text(f"---\ntitle: T\ndate: {day}\n---\n\nThe tram line was opened again.\n")
    (folder / "undated.md").write_text("---\ntitle: T\n---\n\nThe tram line was opened again.\n")
    library = make_library()
    plain = {hit.passage.article.path: hit.score for hit in library.retrieve("tram line", 4)}
    hits = library.retrieve("tram line", 4, today="2024-06-12")
    assert found(hits) == ["2024-06-11.md", "2024-06-01.md", "2020-06-01.md", "undated.md"]
    added = [hit.score - plain[hit.passage.article.path] for hit in hits]
    assert added == [pytest.approx(v) for v in (0.12 * math.exp(-1 / 30), 0.12 * math.exp(-11 / 30), 0, 0)]
    assert found(library.retrieve("tram line", 1, today=date(2020, 5, 1))) == ["2020-06-01.md"]


def test_a_filtered_search_finds_what_an_index_of_those_articles_alone_finds(
    tmp_path: Path, encoder: WordEncoder
) -> None:
    rng = random.Random(2)
    words = [f"word{n}" for n in range(40)]
    part, whole = tmp_path / "part", tmp_path / "whole"
    for number in range(150):
        text = f"---\ntags: tag{number % 5}\n---\n\n{' '.join(rng.choices(words, k=12)).capitalize()}.\n"
        for folder in (whole, part) if number % 5 == 0 else (whole,):
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.md").write_text(text)
    with (
        Library(part, EmbeddedStore(tmp_path / "1"), encoder) as alone,
        Library(whole, EmbeddedStore(tmp_path / "2"), encoder) as library,
    ):
        alone.refresh()
        library.refresh()
        for question in ("word1 word2 word3", "word7", "word9 word11 word4 word30"):
            for k in (1, 5, 30):
                filtered = library.retrieve(question, k, search="dense", tag="TAG0")
                assert found(filtered) == found(alone.retrieve(question, k, search="dense"))
            lexical = library.retrieve(question, 30, search="lexical", tag="tag0")
            ranked = [hit for hit in alone.retrieve(question, 30, search="lexical") if hit.lexical_rank]
            assert {hit.passage.article.path for hit in lexical if hit.lexical_rank} == set(found(ranked))
            assert sorted(hit.lexical_rank for hit in lexical if hit.lexical_rank) == [*range(1, len(ranked) + 1)]


def test_a_reranker_reads_the_first_hits_under_their_titles_and_orders_them(
    tmp_path: Path, folder: Path, encoder: WordEncoder
) -> None:
    for number in range(40):
        (folder / f"{number}.md").write_text(f"---\ntitle: Tram news\n---\n\nThe tram is new.{' Very.' * number}\n")
    reranker = Longest()
    with Library(folder, EmbeddedStore(tmp_path / "index"), encoder, reranker=reranker) as library:
        library.refresh()
        hits = library.retrieve("tram", 3)
        assert len(reranker.read) == 30
        assert {text.partition("\n")[0] for text in reranker.read} == {"Tram news"}
        assert [hit.rerank_score for hit in hits] == sorted((float(len(text)) for text in reranker.read), reverse=True)[
            :3
        ]
        more = library.retrieve("tram", 35)
        assert [hit.rerank_score is None for hit in more] == [False] * 30 + [True] * 5
        assert library.ask("Is the tram new?").hits[0].rerank_score is not None


@pytest.mark.parametrize(("search", "message"), [("bm25", "no search 'bm25': there are fused, dense, lexical")])
def test_another_search_is_refused(make_library: Make, search: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_library().retrieve("fair", search=search)


@pytest.mark.model
def test_a_cross_encoder_gives_each_text_the_score_that_it_has_alone(
    make_cross_encoder: Callable[[int], Path], tmp_path: Path, folder: Path
) -> None:
    model = make_cross_encoder(1)
    reranker = CrossEncoderReranker(model)
    texts = ["The fair opened.", "Bridge", "A much longer text about a bridge that was closed for a year."]
    scores = reranker.scores("What opened?", texts)
    assert scores == [pytest.approx(reranker.scores("What opened?", [text])[0], abs=0.01) for text in texts]
    assert reranker.scores("What opened?", []) == []
    with open_library(folder, index=tmp_path / "index", rerank=str(model)) as library:
        hits = library.retrieve("What opened?")
        assert len(hits) == 2
        assert hits[0].rerank_score >= hits[1].rerank_score  # type: ignore[operator]


@pytest.mark.model
def test_what_is_no_reranker_says_what_to_do(
    make_cross_encoder: Callable[[int], Path], tmp_path: Path, folder: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="or leave --rerank out"):
        open_library(folder, index=tmp_path / "index", rerank="no/such-model")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"does not load .* with --rerank"):
        CrossEncoderReranker(tmp_path / "empty").scores("a", ["b"])
    with pytest.raises(ValueError, match="gives 3 scores a text and a reranker gives one"):
        CrossEncoderReranker(make_cross_encoder(3)).scores("a", ["b"])
