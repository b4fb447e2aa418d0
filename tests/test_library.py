"""The library keeps in step with its folder, and neither a crash nor damage makes it answer wrongly."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from conftest import ROOT, WordEncoder

from qa import Entry, Library, Speaker
from qa.embedded import EmbeddedStore

Make = Callable[..., Library]


def texts(library: Library, question: str, k: int = 5, **filters: str) -> list[str]:
    return [hit.passage.text for hit in library.retrieve(question, k, **filters)]


def passage_texts(encoder: WordEncoder) -> list[str]:
    return [text for text in encoder.encoded if "." in text and "model" not in text and not text.startswith("Mayor")]


def test_hits_are_slices_with_their_cosines_best_first(make_library: Make) -> None:
    hits = make_library().retrieve("spring fair opened")
    assert [(hit.passage.article.path, hit.passage.start, hit.passage.end) for hit in hits] == [
        ("fair.md", 86, 119),
        ("bridge.txt", 54, 134),
    ]
    assert hits[0].passage.text == "The spring fair opened on Friday."
    # 3 of the question's 3 words, of the passage's 6 different ones: 3 / sqrt(3 * 6)
    assert hits[0].cosine == pytest.approx(0.707, abs=1e-3)
    # BM25 worked out by hand in test_lexical.py
    assert hits[0].score == pytest.approx(0.4 * hits[0].cosine + 0.6 * hits[0].bm25)
    assert (hits[0].dense_rank, hits[0].lexical_rank) == (1, 1)
    assert hits[1].score == hits[1].cosine == hits[1].bm25 == 0
    assert (hits[1].dense_rank, hits[1].lexical_rank) == (2, None)


def test_nothing_is_encoded_again_that_did_not_change(make_library: Make, encoder: WordEncoder) -> None:
    make_library()
    assert len(passage_texts(encoder)) == 2
    again = make_library()
    assert len(passage_texts(encoder)) == 2
    assert [article.path for article in again.articles()] == ["bridge.txt", "fair.md"]


@pytest.mark.model
def test_a_library_that_did_not_change_opens_without_the_model(tmp_path: Path, folder: Path) -> None:
    script = (
        "import sys; from qa import open_library; "
        f"library = open_library({str(folder)!r}, index={str(tmp_path / 'index')!r}); "
        "print(library.count(), *(name in sys.modules for name in ('openvino', 'spacy', 'torch')))"
    )
    old = time.time_ns() - 10**12
    for file in folder.iterdir():
        os.utime(file, ns=(old, old))
    time.sleep(2.1)  # a file that changed within the last two seconds is read again
    printed = [
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert printed == ["2 True True False\n", "2 False False False\n"]


@pytest.mark.model
def test_what_questions_need_is_loaded_ahead_only_where_that_is_asked_for(tmp_path: Path, folder: Path) -> None:
    opened = f"from qa import open_library; library = open_library({str(folder)!r}, index={str(tmp_path / 'index')!r})"
    script = f"""
import sys
{opened}
told = lambda: print(*(name in sys.modules for name in ("openvino", "spacy", "torch")))
library.retrieve("bridge")
told()
library.prepare()
told()
import torch
from qa.quotes import extraction
loaded = extraction.parser()
assert library.ask("Was the bridge closed?").statements
assert extraction.parser() is loaded
"""
    subprocess.run([sys.executable, "-c", opened], cwd=ROOT, check=True)
    printed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (printed.stdout, printed.stderr) == ("True False False\nTrue True False\n", "")


def test_a_changed_article_is_encoded_again_and_the_old_one_gone(
    make_library: Make, encoder: WordEncoder, folder: Path
) -> None:
    make_library()
    (folder / "fair.md").write_text("The winter market closed early.\n")
    library = make_library()
    assert passage_texts(encoder)[2:] == ["The winter market closed early."]
    assert texts(library, "fair", 9) == [
        "The winter market closed early.",
        "The old bridge closed on Monday. Mayor Ilse Kohl said repairs would take a year.",
    ]


def test_an_article_that_could_not_be_read_for_a_while_is_back_when_it_can(make_library: Make, folder: Path) -> None:
    make_library()
    file = folder / "fair.md"
    file.rename(folder / ".fair.md")
    file.symlink_to(folder / "gone.md")
    library = make_library()
    assert [skip.path for skip in library.skipped] == ["fair.md"] and library.count() == 1
    file.unlink()
    (folder / ".fair.md").rename(file)
    library = make_library()
    assert library.skipped == () and library.count() == 2


def test_a_change_that_leaves_size_and_times_alone_is_noticed(
    make_library: Make, encoder: WordEncoder, folder: Path
) -> None:
    file = folder / "fair.md"
    old = time.time_ns() - 10**12
    os.utime(file, ns=(old, old))
    make_library()
    file.write_text(file.read_text().replace("spring", "autumn"))
    os.utime(file, ns=(old, old))
    assert texts(make_library(), "autumn", 1) == ["The autumn fair opened on Friday."]


def test_new_and_vanished_files_come_and_go(make_library: Make, folder: Path) -> None:
    library = make_library()
    (folder / "bridge.txt").unlink()
    (folder / "sub").mkdir()
    (folder / "sub" / "new.txt").write_text("A new tram line runs.\n")
    library.refresh()
    assert [article.path for article in library.articles()] == ["fair.md", "sub/new.txt"]
    assert texts(library, "bridge", 9) == ["The spring fair opened on Friday.", "A new tram line runs."]


def test_a_bad_file_costs_no_other_article_and_is_named(make_library: Make, folder: Path) -> None:
    (folder / "a-empty.txt").write_text("")
    (folder / "b-latin.txt").write_bytes("Gruß aus Köln.".encode("latin-1"))
    (folder / "c-binary.txt").write_bytes(bytes(range(256)))
    (folder / "d-long.txt").write_text("word " * 50_000)
    (folder / "e.pdf").write_bytes(b"%PDF")
    os.mkdir(folder / "f.txt")  # noqa: PTH102
    library = make_library()
    assert [article.path for article in library.articles()] == ["bridge.txt", "d-long.txt", "fair.md"]
    assert {skip.path: skip.reason.split(":")[0] for skip in library.skipped} == {
        "a-empty.txt": "it is empty",
        "b-latin.txt": "it is not UTF-8 text (byte 0xdf at 3)",
        "c-binary.txt": "it is not a text file (it holds zero bytes)",
        "e.pdf": "it is no whole PDF (Failed to load document (PDFium",
    }
    assert texts(library, "spring fair", 1) == ["The spring fair opened on Friday."]


def test_an_article_whose_file_went_bad_is_not_answered_from(make_library: Make, folder: Path) -> None:
    make_library()
    (folder / "fair.md").write_bytes(b"\0\0")
    library = make_library()
    assert [article.path for article in library.articles()] == ["bridge.txt"]


def test_another_model_means_other_vectors(make_library: Make) -> None:
    make_library()
    other = WordEncoder("other words")
    library = make_library(other)
    assert len(passage_texts(other)) == 2
    assert texts(library, "spring fair", 1) == ["The spring fair opened on Friday."]


def test_a_model_that_does_not_load_costs_the_old_index_nothing(make_library: Make, encoder: WordEncoder) -> None:
    class Broken(WordEncoder):
        def encode(self, texts: object, *, query: bool = False) -> object:  # type: ignore[override]
            raise ValueError("does not load")

    make_library()
    with pytest.raises(ValueError, match="does not load"):
        make_library(Broken("broken"))
    make_library()
    assert len(passage_texts(encoder)) == 2


@pytest.mark.parametrize("name", ["vectors.faiss", "vectors.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_vector_file_is_made_anew(
    make_library: Make, encoder: WordEncoder, tmp_path: Path, name: str, damage: str
) -> None:
    expected = make_library().retrieve("spring fair")
    file = tmp_path / "index" / name
    data = file.read_bytes()
    if damage == "remove":
        file.unlink()
    else:
        middle = len(data) // 2
        file.write_bytes(data[:middle] + (bytes([data[middle] ^ 8]) + data[middle + 1 :] if damage == "flip" else b""))
    assert make_library().retrieve("spring fair") == expected
    assert file.exists()
    assert len(passage_texts(encoder)) == 2


def test_a_database_that_is_none_is_made_anew(make_library: Make, tmp_path: Path) -> None:
    make_library().close()
    for file in (tmp_path / "index").glob("library.sqlite*"):
        file.write_bytes(b"garbage" * 1000)
    assert texts(make_library(), "spring fair", 1) == ["The spring fair opened on Friday."]


def test_a_changed_letter_in_the_database_is_never_shown(
    make_library: Make, tmp_path: Path, encoder: WordEncoder
) -> None:
    make_library().close()
    with sqlite3.connect(tmp_path / "index" / "library.sqlite") as database:
        database.execute("UPDATE articles SET text = replace(text, 'Friday', 'Sunday')")
    library = make_library()
    assert texts(library, "spring fair", 1) == ["The spring fair opened on Friday."]
    assert library.article(library.articles()[1].id).text.endswith("Friday.\n")


def test_a_changed_vector_in_the_database_is_never_searched(
    make_library: Make, tmp_path: Path, encoder: WordEncoder
) -> None:
    expected = make_library().retrieve("spring fair")
    with sqlite3.connect(tmp_path / "index" / "library.sqlite") as database:
        database.execute("UPDATE passages SET vector = zeroblob(2000) WHERE id = 2")
    (tmp_path / "index" / "vectors.faiss").unlink()
    again = make_library().retrieve("spring fair")
    assert [(hit.passage.text, hit.score) for hit in again] == [(hit.passage.text, hit.score) for hit in expected]


def test_no_damage_to_any_file_is_ever_answered_from(tmp_path: Path, encoder: WordEncoder) -> None:
    folder, whole = tmp_path / "stories", tmp_path / "whole"
    folder.mkdir()
    for number in range(30):
        story = (
            f'Story number{number} is long.\n\n"It is so in case{number}," said Anna Berg.\n\n' + "Filler here. " * 40
        )
        (folder / f"{number}.txt").write_text(story)
    with Library(folder, EmbeddedStore(whole), encoder) as library:
        library.refresh()
        expected = library.retrieve("number7", 1), sorted(quote.text for quote in library.quotes("Berg"))
    rng = random.Random(1)
    for number in range(40):
        index = tmp_path / f"index{number}"
        shutil.copytree(whole, index)
        file = rng.choice([file for file in sorted(index.rglob("*")) if file.is_file() and file.stat().st_size])
        data = bytearray(file.read_bytes())
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        else:
            start = rng.randrange(len(data))
            data[start : start + 3000] = rng.randbytes(len(data[start : start + 3000]))
        file.write_bytes(data)
        with Library(folder, EmbeddedStore(index), encoder) as library:
            library.refresh()
            assert (library.retrieve("number7", 1), sorted(q.text for q in library.quotes("Berg"))) == expected
            assert library.count() == 30


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        ({"source": "town gazette"}, ["fair.md"]),
        ({"author": "anna berg"}, ["bridge.txt"]),
        ({"since": "2024-05-03"}, ["fair.md"]),
        ({"since": date(2024, 5, 2), "until": "2024-05-02"}, ["bridge.txt"]),
        ({"article": "Fair opens"}, ["fair.md"]),
        ({"article": "bridge.txt"}, ["bridge.txt"]),
        ({"source": "nobody"}, []),
        ({"tag": "spring"}, ["fair.md"]),
        ({"tag": "spring", "author": "anna berg"}, []),
        ({"source": ["Nobody's", "TOWN GAZETTE"]}, ["fair.md"]),
        ({"tag": ("autumn", 'sp"ring')}, []),
        ({"article": ["Fair opens", "nothing"]}, ["fair.md"]),
        ({"source": [], "author": (), "since": "2024-05-03"}, ["fair.md"]),
    ],
)
def test_filters_choose_the_articles_before_the_search(
    make_library: Make, filters: dict[str, str], paths: list[str]
) -> None:
    assert [hit.passage.article.path for hit in make_library().retrieve("fair", 1, **filters)] == paths


def test_any_of_several_names_chooses_an_article(make_library: Make) -> None:
    library = make_library()
    for filters in ({"article": ["fair.md", "Bridge closed for repairs"]}, {"author": []}, {"tag": None}):
        assert [article.path for article in library.articles(**filters)] == ["bridge.txt", "fair.md"]
    assert [hit.passage.article.path for hit in library.retrieve("fair", source=["x", "town gazette"])] == ["fair.md"]
    with pytest.raises(TypeError, match="there is no filter 'sources'"):
        library.articles(sources="x")


@pytest.mark.parametrize(
    ("question", "k", "filters", "message"),
    [
        (" ", 5, {}, "the question is empty"),
        ("a", 0, {}, "k is 0: ask for at least 1"),
        ("a", 5, {"since": "May"}, "'May' is no date"),
    ],
)
def test_what_cannot_be_searched_says_why(
    make_library: Make, question: str, k: int, filters: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_library().retrieve(question, k, **filters)


def test_a_folder_that_is_none_says_what_to_do(tmp_path: Path, make_library: Make, folder: Path) -> None:
    library = make_library()
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"make it, and put articles there"):
        library.refresh()
    folder.write_text("a file")
    with pytest.raises(NotADirectoryError, match="is a file: name the folder"):
        library.refresh()
    assert library.count() == 2


def test_an_empty_folder_is_answered_with_what_to_do(make_library: Make, folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    library = make_library()
    answer = library.ask("What opened?")
    assert answer.refusal == f"There are no articles under {str(folder)!r}: put .txt or .md files there."
    assert library.retrieve("What opened?") == []


def test_an_index_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="name another place for it with --index"):
        EmbeddedStore(tmp_path / "file" / "index")


def test_eight_threads_read_while_one_changes_the_folder(make_library: Make, folder: Path) -> None:
    library = make_library()
    stop = threading.Event()

    def read() -> int:
        count = 0
        while not stop.is_set():
            for hit in library.retrieve("fair opened bridge", 5):
                assert hit.passage.text in hit.passage.article.text
                count += 1
        return count

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(8)]
        for number in range(30):
            (folder / f"extra{number % 3}.txt").write_text(f"The fair number {number} opened a bridge.\n")
            library.refresh()
        stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert library.count() == 5


def test_progress_counts_up_to_all_articles(folder: Path, tmp_path: Path, encoder: WordEncoder) -> None:
    from qa.answers import SentenceAnswerer

    seen: list[tuple[int, int, int]] = []
    library = Library(folder, EmbeddedStore(tmp_path / "index"), encoder, SentenceAnswerer(encoder))
    library.refresh(lambda *progress: seen.append(progress))
    assert seen[-1] == (2, 2, 2)
    assert all(0 <= done <= 2 and total == 2 for done, total, _ in seen)
    assert seen == sorted(seen)
    library.close()


def test_a_process_killed_while_it_indexes_leaves_every_article_whole(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.txt").write_text(
            f"Article number{number} says one thing.\n\nIt says another of number{number}, too.\n"
        )
    script = textwrap.dedent(
        f"""
        import sys, time
        sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
        from conftest import WordEncoder
        import qa.embedded, qa.indexing, qa.library
        from pathlib import Path
        qa.indexing._BATCH = 4
        class Slow(WordEncoder):
            def encode(self, texts, *, query=False):
                time.sleep(0.01)
                return super().encode(texts, query=query)
        encoder = Slow()
        store = qa.embedded.EmbeddedStore(Path({str(tmp_path / "index")!r}))
        library = qa.library.Library(Path({str(folder)!r}), store, encoder, None)
        list(qa.indexing.extract_quotes_many([qa.Article("a", "", "Ann Lee said that so it is.")]))  # loads the models
        qa.indexing.sketched([])
        print("ready", flush=True)
        library.refresh()
        """
    )
    rng = random.Random(5)
    kept = []
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with sqlite3.connect(tmp_path / "index" / "library.sqlite") as database:
            kept.append(database.execute("SELECT count(*) FROM articles").fetchone()[0])
    encoder = WordEncoder()
    library = Library(folder, EmbeddedStore(tmp_path / "index"), encoder, None)  # type: ignore[arg-type]
    library.refresh()
    assert kept == sorted(kept)
    assert kept[-1] > 0
    assert sorted(article.path for article in library.articles()) == sorted(f"{n}.txt" for n in range(60))
    hits = library.retrieve("number7", 120)
    assert len(hits) == 60
    assert len({(hit.passage.article.id, hit.passage.start) for hit in hits}) == 60
    assert all("number" in hit.passage.text and "another" in hit.passage.text for hit in hits)
    library.close()


def test_what_is_skipped_is_logged(make_library: Make, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "a.pdf").write_text("x")
    with caplog.at_level(logging.WARNING, logger="qa.library"):
        make_library()
    assert any(message.startswith("a.pdf is not read: it is no whole PDF") for message in caplog.messages)


def test_an_interrupted_file_of_many_articles_goes_on_where_it_stopped(
    make_library: Make, folder: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [json.dumps({"id": n, "title": f"Row {n}", "text": f"Matter{n} was said of."}) for n in range(60)]
    (folder / "rows.jsonl").write_text("\n".join(rows))
    monkeypatch.setattr("qa.indexing._BATCH", 10)
    encode, encoded = encoder.encode, []

    def interrupted(texts: list[str], *, query: bool = False) -> object:
        if len(encoded) > 30:
            raise KeyboardInterrupt
        encoded.extend(texts)
        return encode(texts, query=query)

    monkeypatch.setattr(encoder, "encode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_library()
    monkeypatch.setattr(encoder, "encode", encode)
    before = len(encoder.encoded)
    library = make_library()
    assert library.count() == 62
    again = {text for text in encoder.encoded[before:] if text.startswith("Matter")}
    assert again.isdisjoint(encoded)
    assert {text for text in encoded if text.startswith("Matter")} | again == {
        f"Matter{n} was said of." for n in range(60)
    }


def test_ten_changed_rows_of_a_thousand_cost_ten(make_library: Make, folder: Path, encoder: WordEncoder) -> None:
    texts = [f"Matter{n} was said of in the town of place{n}." for n in range(1000)]

    def write() -> None:
        rows = [json.dumps({"id": n, "title": f"Row {n}", "text": text}) for n, text in enumerate(texts)]
        (folder / "rows.jsonl").write_text("\n".join(rows))

    write()
    make_library()
    before = len(encoder.encoded)
    for n in range(0, 100, 10):
        texts[n] = f"Other{n} was said of in the town of place{n}."
    del texts[-1]
    write()
    library = make_library()
    assert library.count() == 1001
    assert {text for text in encoder.encoded[before:] if "town" in text} == {texts[n] for n in range(0, 100, 10)}


def test_articles_are_added_and_left_out(make_library: Make, folder: Path, tmp_path: Path) -> None:
    library = make_library()
    (tmp_path / "tram.txt").write_text("A new tram line runs.\n")
    library.add(tmp_path / "tram.txt")
    assert [article.path for article in library.articles()] == ["bridge.txt", "fair.md", "tram.txt"]
    with pytest.raises(FileExistsError, match=r"the folder has a file 'tram\.txt' already"):
        library.add(tmp_path / "tram.txt")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        library.add(tmp_path / "gone.txt")
    assert library.remove("Fair opens", "tram.txt") == ["fair.md", "tram.txt"]
    assert [article.path for article in make_library().articles()] == ["bridge.txt"]
    assert (folder / "fair.md").exists()
    with pytest.raises(KeyError):
        library.remove("fair.md")
    (folder / ".qaignore").unlink()
    assert make_library().count() == 3


def test_a_row_is_left_out_and_comes_back(make_library: Make, folder: Path) -> None:
    rows = [json.dumps({"id": n, "title": f"Row {n}", "text": f"Matter{n} was said of."}) for n in range(3)]
    (folder / "rows.jsonl").write_text("\n".join(rows))
    library = make_library()
    assert library.remove("rows.jsonl#1") == ["rows.jsonl#1"]
    there = [article.path for article in library.articles()]
    assert there == ["bridge.txt", "fair.md", "rows.jsonl#0", "rows.jsonl#2"]
    assert [article.path for article in make_library().articles()] == there
    (folder / ".qaignore").unlink()
    assert make_library().count() == 5


def test_a_watched_folder_is_kept_in_step(make_library: Make, folder: Path) -> None:
    library = make_library()
    stop = threading.Event()
    seen = []

    def watch() -> None:
        for _ in library.watch(stop):
            seen.append([article.path for article in library.articles()])

    watching = threading.Thread(target=watch)
    watching.start()
    time.sleep(1)
    (folder / "new.txt").write_text("A new tram line runs.\n")
    for _ in range(100):
        if seen and "new.txt" in seen[-1]:
            break
        time.sleep(0.1)
    stop.set()
    watching.join(10)
    assert seen[-1] == ["bridge.txt", "fair.md", "new.txt"]
    assert texts(library, "tram", 1) == ["A new tram line runs."]


def test_a_bad_file_that_did_not_change_is_not_parsed_again_and_still_named(
    make_library: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF broken")
    old = time.time_ns() - 10**12
    os.utime(folder / "bad.pdf", ns=(old, old))
    time.sleep(2.1)
    before = make_library().skipped
    monkeypatch.setattr("qa.reading.FileReader.read", None)
    assert make_library().skipped == before
    assert [skip.path for skip in before] == ["bad.pdf"]


@pytest.fixture
def shelf(make_library: Make, folder: Path) -> Library:
    """The two articles, a copy of one with another source, and one that says nothing of itself."""
    (folder / "zoo.md").write_text(
        '---\ntitle: Éclairs at the zoo\nsource: city post\nauthors: [Ann "Bo" Lee, Anna Berg]\n'
        "date: 2024-05-20\n---\n\nThe zoo sells them.\n"
    )
    rows = [
        {"id": n, "title": "Ice", "source": source, "author": author, "text": "Ice is cold."}
        for n, (source, author) in enumerate([("City Post", "anna berg"), ("town gazette", "")])
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "50%_off.txt").write_text("Nothing.\n")
    return make_library()


@pytest.mark.parametrize(
    ("order", "descending", "paths"),
    [
        ("title", False, ["50%_off.txt", "bridge.txt", "zoo.md", "fair.md", "rows.jsonl#0", "rows.jsonl#1"]),
        ("title", True, ["rows.jsonl#0", "rows.jsonl#1", "fair.md", "zoo.md", "bridge.txt", "50%_off.txt"]),
        ("path", False, ["50%_off.txt", "bridge.txt", "fair.md", "rows.jsonl#0", "rows.jsonl#1", "zoo.md"]),
        ("path", True, ["zoo.md", "rows.jsonl#1", "rows.jsonl#0", "fair.md", "bridge.txt", "50%_off.txt"]),
        ("source", False, ["rows.jsonl#0", "zoo.md", "fair.md", "rows.jsonl#1", "50%_off.txt", "bridge.txt"]),
        ("source", True, ["fair.md", "rows.jsonl#1", "rows.jsonl#0", "zoo.md", "50%_off.txt", "bridge.txt"]),
        ("published", False, ["bridge.txt", "zoo.md", "fair.md", "50%_off.txt", "rows.jsonl#0", "rows.jsonl#1"]),
        ("published", True, ["fair.md", "zoo.md", "bridge.txt", "50%_off.txt", "rows.jsonl#0", "rows.jsonl#1"]),
        ("size", False, ["50%_off.txt", "rows.jsonl#0", "rows.jsonl#1", "fair.md", "zoo.md", "bridge.txt"]),
    ],
)
def test_the_catalogue_is_in_the_order_that_is_asked_for(
    shelf: Library, order: str, descending: bool, paths: list[str]
) -> None:
    page = shelf.catalogue(order=order, descending=descending)
    assert (page.total, [entry.path for entry in page.entries]) == (6, paths)
    pages = [shelf.catalogue(order=order, descending=descending, limit=4, offset=offset) for offset in (0, 4, 8)]
    assert [entry.path for part in pages for entry in part.entries] == paths
    assert [part.total for part in pages] == [6, 6, 6]


def test_an_entry_tells_an_article_without_its_text(shelf: Library) -> None:
    entries = {entry.path: entry for entry in shelf.catalogue().entries}
    fair = shelf.articles(article="fair.md")[0]
    assert entries["fair.md"] == Entry(
        fair.id, "fair.md", "Fair opens", "Town Gazette", date(2024, 6, 1), len(fair.text), None
    )
    zoo = shelf.articles(article="zoo.md")[0]
    assert entries["zoo.md"].size == len(zoo.text) == len(zoo.text.encode()) - 1
    assert (entries["rows.jsonl#0"].same_as, entries["rows.jsonl#1"].same_as) == (None, "rows.jsonl#0")
    assert (entries["50%_off.txt"].source, entries["50%_off.txt"].published) == (None, None)


@pytest.mark.parametrize(
    ("search", "filters", "paths"),
    [
        ("", {}, ["50%_off.txt", "bridge.txt", "fair.md", "rows.jsonl#0", "rows.jsonl#1", "zoo.md"]),
        ("BERG", {}, ["bridge.txt", "rows.jsonl#0", "zoo.md"]),
        ("berg post", {}, ["rows.jsonl#0", "zoo.md"]),
        ("berg post ice", {}, ["rows.jsonl#0"]),
        ("ÉCLAIR", {}, ["zoo.md"]),
        ("%_", {}, ["50%_off.txt"]),
        ("%", {}, ["50%_off.txt"]),
        ('"bo"', {}, ["zoo.md"]),
        ('"anna', {}, []),
        ("'", {}, []),
        ("[", {}, []),
        ("cold", {}, []),
        ("", {"source": ["town gazette"]}, ["fair.md", "rows.jsonl#1"]),
        ("ice", {"source": ["city post", "town gazette"]}, ["rows.jsonl#0", "rows.jsonl#1"]),
        ("ice", {"source": "town gazette"}, ["rows.jsonl#1"]),
        ("", {"since": "2024-05-03", "until": "2024-05-31"}, ["zoo.md"]),
    ],
)
def test_the_catalogue_is_searched(shelf: Library, search: str, filters: dict[str, str], paths: list[str]) -> None:
    page = shelf.catalogue(search, order="path", **filters)
    assert (page.total, [entry.path for entry in page.entries]) == (len(paths), paths)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"order": "colour"}, "there is no order 'colour': there are title, source, published, size, path"),
        ({"limit": 0}, "limit is 0: ask for at least 1"),
        ({"offset": -1}, "offset is -1: the first entry is at 0"),
        ({"since": "May"}, "'May' is no date"),
    ],
)
def test_a_catalogue_that_there_is_not_says_why(make_library: Make, asked: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_library().catalogue(**asked)


def test_sources_and_authors_are_counted_as_the_filters_find_them(shelf: Library) -> None:
    assert list(shelf.sources().items()) == [("city post", 2), ("town gazette", 2)]
    assert list(shelf.authors().items()) == [("anna berg", 3), ('Ann "Bo" Lee', 1)]
    assert shelf.sources(author="Anna Berg") == {"city post": 2}
    assert shelf.authors(since="2024-05-20") == {'Ann "Bo" Lee': 1, "Anna Berg": 1}
    for name, count in shelf.sources().items():
        assert shelf.catalogue(source=name).total == count
    for name, count in shelf.authors().items():
        assert shelf.catalogue(author=name).total == count


def test_an_index_from_before_the_catalogue_is_opened_and_keeps_what_it_holds(
    make_library: Make, encoder: WordEncoder, tmp_path: Path
) -> None:
    make_library().close()
    with sqlite3.connect(tmp_path / "index" / "library.sqlite") as database:
        database.execute("DROP INDEX articles_listed")
    assert make_library().catalogue().total == 2
    assert len(passage_texts(encoder)) == 2
    with sqlite3.connect(tmp_path / "index" / "library.sqlite") as database:
        plan = str(database.execute("EXPLAIN QUERY PLAN SELECT id FROM articles ORDER BY published").fetchall())
    assert "COVERING INDEX articles_listed" in plan


def test_who_is_quoted_is_told_by_name_and_anew_after_a_change(make_library: Make, folder: Path) -> None:
    library = make_library()
    assert library.speakers() == [Speaker("Ilse Kohl", 1, ("Ilse Kohl",))]
    assert library.speakers(since="2024-06-01") == []
    (folder / "said.txt").write_text(
        'Tram line opens\n\n"It is open," said Tom Rau. "It is fast," said Tom Rau.\n\n"Good," the police said.\n'
    )
    library.refresh()
    assert [(speaker.name, speaker.quotes) for speaker in library.speakers()] == [("Tom Rau", 2), ("Ilse Kohl", 1)]
    assert [speaker.name for speaker in library.speakers(1)] == ["Tom Rau"]
    assert [speaker.name for speaker in library.speakers(article=["bridge.txt", "fair.md"])] == ["Ilse Kohl"]
    with pytest.raises(ValueError, match="k is 0: ask for at least 1"):
        library.speakers(0)


def test_articles_are_added_into_a_subfolder(make_library: Make, folder: Path, tmp_path: Path) -> None:
    library = make_library()
    for name in ("tram.txt", "bus.txt"):
        (tmp_path / name).write_text(f"A new line of {name} runs.\n")
    library.add(tmp_path / "tram.txt", into="new")
    library.add(tmp_path / "bus.txt", into="new/May 2024")
    assert [article.path for article in library.articles()] == [
        "bridge.txt",
        "fair.md",
        "new/May 2024/bus.txt",
        "new/tram.txt",
    ]
    with pytest.raises(FileExistsError, match=r"the folder has a file 'tram\.txt' already"):
        library.add(tmp_path / "bus.txt", tmp_path / "tram.txt", into="new")
    assert not (folder / "new" / "bus.txt").exists()


@pytest.mark.parametrize("into", ["", ".", "..", "../out", "a/../../out", "/out", "a//b", ".git", "a\\b", "a\0b", " "])
def test_a_subfolder_is_within_the_folder(make_library: Make, folder: Path, tmp_path: Path, into: str) -> None:
    library = make_library()
    (tmp_path / "tram.txt").write_text("A new tram line runs.\n")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="is no subfolder: give a plain name"):
        library.add(tmp_path / "tram.txt", into=into)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_subfolder_that_leads_out_or_is_a_file_is_refused(make_library: Make, folder: Path, tmp_path: Path) -> None:
    library = make_library()
    (tmp_path / "tram.txt").write_text("A new tram line runs.\n")
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="'link/new' leads out of the folder"):
        library.add(tmp_path / "tram.txt", into="link/new")
    with pytest.raises(ValueError, match=r"'fair\.md' is a file of the folder"):
        library.add(tmp_path / "tram.txt", into="fair.md")
    assert not (tmp_path / "new").exists()


def test_files_that_cannot_all_be_copied_leave_nothing(
    make_library: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = make_library()
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"A new line of {name} runs.\n")
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "a.txt", tmp_path / "other")
    with pytest.raises(FileExistsError, match=r"'a\.txt' already"):
        library.add(tmp_path / "a.txt", tmp_path / "other" / "a.txt")
    before = sorted(folder.rglob("*"))
    fsync, calls = os.fsync, []

    def full(file: int) -> None:
        calls.append(file)
        if len(calls) == 2:
            raise OSError("no space left")
        fsync(file)

    monkeypatch.setattr("embeddings.index.os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        library.add(tmp_path / "a.txt", tmp_path / "b.txt")
    assert sorted(folder.rglob("*")) == before
