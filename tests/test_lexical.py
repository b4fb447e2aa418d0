"""The contract of the lexical index: literal ids, scores worked out by the formula, and no wrong row from damage."""

from __future__ import annotations

import math
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embeddings import LexicalIndex, Row, StaleIndexError
from embeddings.lexical import TITLE

ROWS = [
    Row(70, "Bridge", "The old bridge closed, and the new bridge opened."),
    Row(5, "Fair", "The spring fair opened on Friday."),
    Row(900, "", "Nothing was said about al-Qaïda."),
]


def made(folder: Path, rows: list[Row] = ROWS) -> LexicalIndex:
    index = LexicalIndex(folder / "words")
    index.change(rows)
    return index


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return made(tmp_path)


def ids(found: list[tuple[int, float]]) -> list[int]:
    return [row for row, _ in found]


def test_a_score_is_bm25_as_a_part_of_the_most_that_a_text_can_have(tmp_path: Path) -> None:
    # Texts of 2 and 3 words (stop words are left out), 2.5 on average; "fair" stands once in one of two rows.
    index = made(tmp_path, [Row(1, "", "the spring fair"), Row(2, "", "an old bridge closed")])
    rarity = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    bm25 = rarity * (1 + 1.2) * 1 / (1 + 1.2 * (1 - 0.75 + 0.75 * 2 / 2.5))
    assert index.search("fair", 5) == [(1, pytest.approx(bm25 / (rarity * 2.2), abs=1e-6))]
    # A word that no row has costs its share: it is rarer than one that one row has.
    missing = math.log(1 + (2 + 0.5) / 0.5)
    assert index.search("fair zebra", 5) == [(1, pytest.approx(bm25 / ((rarity + missing) * 2.2), abs=1e-6))]


def test_a_title_counts_with_its_own_weight(tmp_path: Path) -> None:
    index = made(tmp_path, [Row(1, "fair", "one two"), Row(2, "", "fair two")])
    (in_text, text_score), (in_title, title_score) = index.search("fair", 5)
    assert (in_text, in_title) == (2, 1)
    assert 0 < title_score < text_score
    assert TITLE == 0.3


def test_rows_are_found_by_their_words_in_any_form(index: LexicalIndex) -> None:
    assert ids(index.search("closing bridges", 5)) == [70]
    assert ids(index.search("OPENS", 5)) == [5, 70]
    assert ids(index.search("al-qaida", 5)) == ids(index.search("al Qai\u0308da", 5)) == [900]
    assert ids(index.search("opened", 1)) == [5]


@pytest.mark.parametrize("query", ["", "zebra", "the of and", "?!", 'title:"x" AND (', "\x00", "word " * 400])
def test_what_has_no_word_of_the_rows_finds_nothing(index: LexicalIndex, query: str) -> None:
    assert index.search(query, 5) == []


def test_a_search_among_some_rows_finds_all_of_them(index: LexicalIndex) -> None:
    assert ids(index.search("opened", 5, among=[70, 900])) == [70]
    assert index.search("opened", 5, among=[]) == []


def test_a_search_among_many_rows_finds_as_many_as_one_among_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    words = [f"word{n}" for n in range(30)]
    index = made(tmp_path, [Row(n, "", " ".join(rng.choices(words, k=8))) for n in range(1, 501)])
    for part in (3, 50, 400):
        among = rng.sample(range(1, 501), part)
        few = index.search("word1 word2 word3", 20, among=among)
        monkeypatch.setattr("embeddings.lexical._FEW", 0)
        many = index.search("word1 word2 word3", 20, among=among)
        monkeypatch.undo()
        assert len(few) == min(20, sum(1 for row, _ in index.search("word1 word2 word3", 500) if row in among))
        assert many == [(row, pytest.approx(score)) for row, score in few]


def test_a_changed_index_finds_what_is_there_now(index: LexicalIndex) -> None:
    index.change([Row(901, "", "A winter fair.")], removed=[5])
    assert ids(index.search("fair", 5)) == [901]
    assert index.ids() == {70, 900, 901}
    assert (len(index), index.removed) == (3, 1)
    assert all(score <= 1 for _, score in index.search("winter fair", 5))


def test_a_saved_index_finds_the_same(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(made_from="state 1")
    loaded = LexicalIndex.load(tmp_path / "words", made_from="state 1")
    assert loaded.search("bridge opened", 5) == index.search("bridge opened", 5)
    assert loaded.ids() == {70, 5, 900}


def test_an_index_of_another_state_or_changed_since_is_stale(index: LexicalIndex, tmp_path: Path) -> None:
    with pytest.raises(StaleIndexError, match="no whole index"):
        LexicalIndex.load(tmp_path / "words")
    index.save(made_from="state 1")
    with pytest.raises(StaleIndexError, match="of another state"):
        LexicalIndex.load(tmp_path / "words", made_from="state 2")
    assert len(LexicalIndex.load(tmp_path / "words")) == 3
    index.change([], removed=[5])
    with pytest.raises(StaleIndexError, match="no whole index"):
        LexicalIndex.load(tmp_path / "words")


def test_no_flipped_bit_and_no_cut_goes_unnoticed(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(made_from="state 1")
    rng = random.Random(3)
    names = sorted(file.name for file in (tmp_path / "words").iterdir() if file.stat().st_size)
    for number in range(200):
        copy = tmp_path / str(number)
        shutil.copytree(tmp_path / "words", copy)
        file = copy / rng.choice(names)
        whole = file.read_bytes()
        position = rng.randrange(len(whole))
        flipped = bytes([whole[position] ^ (1 << rng.randrange(8))])
        file.write_bytes(whole[:position] + (flipped + whole[position + 1 :] if rng.random() < 0.7 else b""))
        try:
            loaded = LexicalIndex.load(copy, made_from="state 1")
        except StaleIndexError:
            pass
        else:  # white space in the manifest, or what only a writer reads
            assert loaded.search("bridge opened", 5) == index.search("bridge opened", 5)


def test_threads_may_search_at_once(index: LexicalIndex) -> None:
    expected = index.search("bridge opened", 5)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: index.search("bridge opened", 5), range(400)))
    assert all(result == expected for result in results)
