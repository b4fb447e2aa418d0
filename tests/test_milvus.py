"""What only a library in Milvus does: others fill it, crashes leave something behind, addresses may be wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder
from test_store import BRIDGE, FAIR, fill, prepared

from qa import Library
from qa.doctor import differences, examine
from qa.embedded import EmbeddedStore
from qa.entities import ARTICLES, NOTES, PASSAGES, entities_of
from qa.milvus import MilvusStore
from qa.moving import copy
from qa.rows import digest_in
from qa.store import Candidate

VECTOR = np.array([0, 1], dtype=np.float32)


@pytest.fixture
def address(lite: str) -> Iterator[str]:
    """The address of an empty library."""
    place = f"{lite}/milvus_{time.time_ns()}"
    yield place
    store = MilvusStore(place)
    store.discard()
    store.close()


def texts(store: MilvusStore, candidates: list[Candidate]) -> list[str]:
    return sorted(passage.text for passage in store.passages([c.passage for c in candidates]).values())


def left(store: MilvusStore) -> list[str]:
    return [problem.what for problem in store.check("model/1") if problem.touches == "indexes"]


def crash(store: MilvusStore, *, after: str) -> None:
    """Write another version of an article, and stop after one of the collections."""
    changed = prepared(BRIDGE, [(0, 14)], [[9, 9]], quotes=[])
    with store._changing():
        for name, entities in entities_of(changed, time.time_ns(), "").items():
            store._in.put(name, entities)
            if name == after:
                return


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (PASSAGES, ["It opened.", "It was closed.", "The fair opened."]),
        (NOTES, ["It opened.", "It was closed.", "The fair opened."]),
        (ARTICLES, ["It was closed.", "The fair opened."]),
    ],
)
def test_a_crash_leaves_an_article_old_or_new_and_nothing_twice(address: str, after: str, found: list[str]) -> None:
    store = MilvusStore(address)
    store.clear(made_for="model/1")
    fill(store)
    crash(store, after=after)
    store.close()
    other = MilvusStore(address)
    hits = [c for c in other.search(VECTOR, "opened closed fair", 50) if "river" not in str(c.passage)]
    assert [text for text in texts(other, hits) if "Ünal" not in text] == found
    # An outdated passage takes no place of another one among the first.
    assert len(other.search(VECTOR, "", 3)) == 3
    assert other.article(BRIDGE.id) == BRIDGE
    assert left(other)
    with other.writing():
        other.load_indexes()
    assert left(other) == []
    assert [text for text in texts(other, other.search(VECTOR, "", 9)) if "Ünal" not in text] == found
    other.close()


def test_who_only_reads_sweeps_nothing_out(address: str) -> None:
    writer, reader = MilvusStore(address), MilvusStore(address)
    writer.clear(made_for="model/1")
    fill(writer)
    crash(writer, after=PASSAGES)
    reader.load_indexes()
    assert left(reader) == ["1 passages are left of versions that are gone"]


def test_another_model_is_refused(address: str, folder: Path, encoder: WordEncoder) -> None:
    store = MilvusStore(address)
    store.clear(made_for="another/6")
    fill(store)
    with pytest.raises(ValueError, match=r"was made by 'another/6', not by"):
        Library(folder, store, encoder).refresh()
    with pytest.raises(ValueError, match=r"the library was made by 'another/6'"):
        Library(None, store, encoder).refresh()
    assert store.count() == 3


def test_others_read_what_one_fills(address: str, folder: Path, encoder: WordEncoder) -> None:
    with pytest.raises(ValueError, match="the library holds nothing yet"):
        Library(None, MilvusStore(address), encoder).refresh()
    writer = Library(folder, MilvusStore(address), encoder)
    writer.refresh()
    reader = Library(None, MilvusStore(address), encoder)
    reader.refresh()
    assert [hit.passage.article.title for hit in reader.retrieve("closed bridge", 1)] == ["Bridge closed for repairs"]
    assert [statement.text for statement in reader.statements("Ilse Kohl")] == [
        "Mayor Ilse Kohl said repairs would take a year."
    ]
    (folder / "fair.md").unlink()
    writer.refresh()
    assert [article.title for article in reader.articles()] == ["Bridge closed for repairs"]
    with pytest.raises(ValueError, match="these articles have no folder here"):
        reader.add(folder / "bridge.txt")
    assert examine(None, address, None, writer._store.made_for) == []  # type: ignore[arg-type]


def test_a_library_is_copied_there_and_back(
    address: str, folder: Path, tmp_path: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "copy.txt").write_text((folder / "bridge.txt").read_text())
    first, milvus, back = EmbeddedStore(tmp_path / "1"), MilvusStore(address), EmbeddedStore(tmp_path / "2")
    Library(folder, first, encoder).refresh()
    monkeypatch.setattr(encoder, "encode", None)
    assert copy(first, milvus) == 3
    assert copy(first, milvus) == 0
    assert copy(milvus, back) == 3
    assert list(differences(tmp_path / "1", address)) == list(differences(address, tmp_path / "2")) == []
    for article_id in (article.id for article in first.articles()):
        assert {digest_in(store.get(article_id)) for store in (first, back)} == {digest_in(milvus.get(article_id))}  # type: ignore[arg-type]
    assert milvus.is_compared
    milvus.delete([article.id for article in milvus.articles(article="fair.md")])
    assert [p.what for p in differences(tmp_path / "1", address)] == ["fair.md is only in the first"]
    assert copy(first, milvus) == 1
    assert copy(EmbeddedStore(tmp_path / "3"), EmbeddedStore(tmp_path / "4")) == 0


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://127.0.0.1:1/news", r"Milvus at http://127.0.0.1:1 does not do what it is asked"),
        ("http://user:secret@127.0.0.1:1/news", r"'http://127.0.0.1:1/news' is no address of a Milvus server"),
        ("ftp://127.0.0.1/news", "is no address of a Milvus server"),
        ("http://127.0.0.1:1/two/names", "the library's name 'two/names' may have letters"),
    ],
)
def test_a_wrong_address_says_what_is_wrong_with_it(uri: str, told: str) -> None:
    pytest.importorskip("pymilvus")
    with pytest.raises((OSError, ValueError), match=told) as raised:
        MilvusStore(uri)
    assert "secret" not in str(raised.value)


def test_another_versions_library_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MilvusStore(address).clear(made_for="model/1")
    monkeypatch.setattr("qa.milvus.VERSION", 2)
    with pytest.raises(OSError, match=r"is of another version of this program \('1', not 2\)"):
        MilvusStore(address)


def test_a_passage_that_is_gone_is_no_hit(address: str) -> None:
    store = MilvusStore(address)
    store.clear(made_for="model/1")
    fill(store)
    ids = [c.passage for c in store.search(VECTOR, "", 9)]
    store.delete([FAIR.id])
    assert len(store.passages(ids)) == 3
    assert {q.speaker for q in store.quotes()} == {None, "Ann Lee", "Mr Ünal"}
