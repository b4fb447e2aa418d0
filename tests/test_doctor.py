"""Damage of any kind is found, named and mended, and no question is answered from it meanwhile."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import WordEncoder

from qa import Library
from qa.doctor import Problem, differences, examine, mend
from qa.embedded import EmbeddedStore
from qa.formats import Limits
from qa.indexing import made_for
from qa.reading import FileReader

Make = Callable[..., Library]
DERIVED = ("vectors.faiss", "vectors.json", "words")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def found(folder: Path, index: Path, encoder: WordEncoder) -> Callable[[], list[Problem]]:
    def found() -> list[Problem]:
        with FileReader(Limits(), {}) as reader:
            return examine(folder, index, reader, made_for(encoder))

    return found


@pytest.fixture
def many(folder: Path) -> Path:
    for number in range(40):
        (folder / f"{number}.txt").write_text(f"Report {number} tells of matter{number} and of thing{number % 7}.\n")
    return folder


def change(index: Path, *statements: str) -> None:
    with closing(sqlite3.connect(index / "library.sqlite")) as database, database:
        for statement in statements:
            database.execute(statement)


def hits(library: Library) -> list[list[tuple[str, int, str]]]:
    return [
        [
            (hit.passage.article.path, hit.passage.start, f"{hit.score:.4f}")
            for hit in library.retrieve(question, 9)
            if hit.score > 0
        ]
        for question in ("thing3 of matter17", "the old bridge", "report")
    ]


def test_a_whole_index_has_nothing_wrong(make_library: Make, found: Callable[[], list[Problem]]) -> None:
    make_library()
    assert found() == []


def test_an_index_that_is_none_is_not_made(folder: Path, index: Path) -> None:
    with FileReader(Limits(), {}) as reader, pytest.raises(OSError, match=r"there is none|No such file"):
        examine(folder, index, reader, "x")
    assert not (index / "library.sqlite").exists()


def test_a_folder_that_changed_is_out_of_step(
    make_library: Make, folder: Path, found: Callable[[], list[Problem]]
) -> None:
    library = make_library()
    (folder / "bridge.txt").unlink()
    (folder / "fair.md").write_text("Another text stands here.\n")
    (folder / "new.txt").write_text("New words.\n")
    assert [(problem.touches, problem.what) for problem in found()] == [
        ("folder", "fair.md was changed since it was read"),
        ("folder", "new.txt is not in the index yet"),
        ("folder", "bridge.txt is in the index, and gone from the folder or left out of it"),
    ]
    library.refresh()
    assert found() == []


def test_another_model_is_named(make_library: Make, folder: Path, index: Path) -> None:
    make_library()
    with FileReader(Limits(), {}) as reader:
        problems = examine(folder, index, reader, "other/6")
    made = made_for(WordEncoder())
    assert [problem.what for problem in problems] == [f"the index was made by '{made}', not by 'other/6'"]


@pytest.mark.parametrize(
    "case",
    [
        (["UPDATE articles SET text = 'x' || substr(text, 2) WHERE path = 'fair.md'"], "articles", "fair.md: what is"),
        (['UPDATE passages SET "end" = "end" + 1'], "articles", "bridge.txt: what is held"),
        (["UPDATE passages SET vector = substr(vector, 5)"], "articles", "bridge.txt: what is held"),
        (["UPDATE quotes SET speaker = 'Ann Lee'"], "articles", "bridge.txt: what is held"),
        (["UPDATE articles SET title_vector = zeroblob(2000)"], "articles", "bridge.txt: what is held"),
        (["DELETE FROM passages"], "articles", "bridge.txt: what is held"),
        (['INSERT INTO passages SELECT id + 9, article, "start", "end", vector FROM passages'], "articles", "bridge"),
        (["DELETE FROM files WHERE path = 'fair.md'"], "folder", "fair.md is not in the index yet"),
        (["UPDATE meta SET value = 'x' WHERE key = 'compared'"], "folder", "the articles were not compared"),
        (["UPDATE meta SET value = 'x' WHERE key = 'state'"], "folder", "the articles were not compared"),
        (["DELETE FROM meta WHERE key = 'state'"], "all", ""),
        (["DROP TABLE quotes"], "all", ""),
        (["PRAGMA user_version = 3"], "all", ""),
    ],
)  # fmt: skip
def test_damage_to_the_database_is_named_and_mended(
    make_library: Make,
    index: Path,
    found: Callable[[], list[Problem]],
    case: tuple[list[str], str, str],
) -> None:
    statements, touches, what = case
    library = make_library()
    before, quoted = hits(library), [quote.text for quote in library.quotes()]
    library.close()
    change(index, *statements)
    problems = found()
    assert problems[0].touches == touches
    assert problems[0].what.startswith(what)
    assert found() == problems  # looking changes nothing
    mend(index, problems)
    again = make_library()
    assert found() == []
    assert (hits(again), [quote.text for quote in again.quotes()]) == (before, quoted)


def test_a_database_that_is_overwritten_is_named_and_made_anew(
    make_library: Make, index: Path, found: Callable[[], list[Problem]]
) -> None:
    library = make_library()
    before = hits(library)
    library.close()
    (index / "library.sqlite").write_bytes(b"no database at all" * 1000)
    problems = found()
    assert [problem.touches for problem in problems] == ["all"]
    mend(index, problems)
    assert hits(make_library()) == before
    assert found() == []


def derived_files(index: Path) -> Iterator[Path]:
    for name in DERIVED:
        place = index / name
        yield from sorted(place.iterdir()) if place.is_dir() else [place]


@pytest.mark.parametrize("seed", range(6))
def test_50_bit_flips_and_truncations_of_derived_files_never_make_a_wrong_hit(
    make_library: Make, many: Path, tmp_path: Path, encoder: WordEncoder, seed: int
) -> None:
    rng, index = random.Random(seed), tmp_path / "index"
    library = make_library()
    before = hits(library)
    library.close()
    whole = tmp_path / "whole"
    shutil.copytree(index, whole)
    for _ in range(50):
        shutil.rmtree(index)
        shutil.copytree(whole, index)
        file = rng.choice([file for file in derived_files(index) if not file.name.startswith(".")])
        data = bytearray(file.read_bytes())
        if rng.random() < 0.3 or not data:
            data = data[: rng.randrange(len(data) + 1)]
        else:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(data)
        with make_library() as again:
            assert hits(again) == before, file
        with FileReader(Limits(), {}) as reader:
            assert examine(many, index, reader, made_for(encoder)) == [], file


def test_eight_threads_search_while_one_writes(make_library: Make, many: Path) -> None:
    library = make_library()
    stop = threading.Event()

    def ask() -> int:
        asked = 0
        while not stop.is_set():
            for hit in library.retrieve("thing3 of matter17", 5):
                assert hit.passage.text in hit.passage.article.text
            assert library.retrieve("old bridge closed", 1)[0].passage.text.startswith("The old bridge")
            asked += 1
        return asked

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask) for _ in range(8)]
        for number in range(12):
            (many / f"{number}.txt").write_text(f"Report {number} was changed and tells of other{number}.\n")
            if number % 3 == 0:
                (many / f"{number + 20}.txt").unlink()
            library.refresh()
        stop.set()
        assert all(asked.result() > 0 for asked in asking)
    assert library.count() == 38


def test_a_second_process_reads_while_one_writes_and_a_second_writer_waits(
    make_library: Make, folder: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = make_library()
    before = hits(first)
    second = Library(folder, EmbeddedStore(index), WordEncoder(), None)  # type: ignore[arg-type]
    held, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with first._store.writing():
            held.set()
            go_on.wait(10)

    writing = threading.Thread(target=write)
    writing.start()
    held.wait(10)
    (folder / "new.txt").write_text("New words about the old bridge.\n")
    second.refresh(wait=False)
    assert not second.in_step
    assert "another process is changing the index" in caplog.text
    assert [hit.passage.text for hit in second.retrieve("spring fair", 1)] == ["The spring fair opened on Friday."]
    waiting = threading.Thread(target=second.refresh)
    waiting.start()
    waiting.join(1)
    assert waiting.is_alive()
    go_on.set()
    waiting.join(10)
    writing.join(10)
    assert second.in_step
    assert second.count() == 3
    assert hits(second) != before
    second.close()


def test_passages_that_another_process_removed_are_made_up_for(make_library: Make, many: Path) -> None:
    reading, writing = make_library(), make_library()
    best = reading.retrieve("thing3 of matter17", 1)[0].passage.article.path
    (many / best).unlink()
    writing.refresh()
    found = [hit.passage.article.path for hit in reading.retrieve("thing3 of matter17", 5)]
    assert len(found) == 5
    assert best not in found
    assert reading.count() == writing.count() == 41


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("passage_vectors", 0.05), []),
        (("passage_vectors", 0.5), ["bridge.txt is not the same in both"]),
        (("title_vector", 0.5), ["bridge.txt is not the same in both"]),
        (("quotes", None), ["bridge.txt is not the same in both"]),
    ],
)
def test_vectors_that_differ_a_little_are_the_same(
    folder: Path, tmp_path: Path, encoder: WordEncoder, changed: tuple[str, float | None], told: list[str]
) -> None:
    Library(folder, EmbeddedStore(tmp_path / "1"), encoder).refresh()
    shutil.copytree(tmp_path / "1", tmp_path / "2")
    store = EmbeddedStore(tmp_path / "2")
    made = store.get(next(article.id for article in store.articles() if article.path == "bridge.txt"))
    assert made and made.quotes
    name, by = changed
    if by is None:
        store.replace_article(replace(made, quotes=[], quote_vectors=made.quote_vectors[:0]))
    else:
        vectors = getattr(made, name).copy()
        vectors[..., 0] += by
        store.replace_article(replace(made, **{name: vectors}))
    store.close()
    assert [problem.what for problem in differences(tmp_path / "1", tmp_path / "2")] == told


def test_indexes_of_a_folder_and_of_its_copy_do_not_differ(folder: Path, tmp_path: Path, encoder: WordEncoder) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    os.utime(tmp_path / "copy" / "fair.md", (10**9, 10**9))
    for name, place in (("1", folder), ("2", tmp_path / "copy")):
        with Library(place, EmbeddedStore(tmp_path / name), encoder) as library:
            library.refresh()
    assert list(differences(tmp_path / "1", tmp_path / "2")) == []
    (tmp_path / "copy" / "fair.md").write_text("The fair closed.\n")
    with Library(tmp_path / "copy", EmbeddedStore(tmp_path / "2"), encoder) as library:
        library.refresh()
    told = [problem.what for problem in differences(tmp_path / "1", tmp_path / "2")]
    assert told == ["fair.md is not the same in both", "of the file fair.md the two do not know the same"]
