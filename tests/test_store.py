"""What every store does alike: the one on disk, and Milvus where milvus-lite or a server at MILVUS_URI is at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from qa.articles import Article, Skipped, parse_article
from qa.embedded import EmbeddedStore
from qa.passages import Passage
from qa.quotes import Quote
from qa.rows import as_read
from qa.store import Candidate, Compared, Prepared, Store

NONE = np.zeros((0, 1), dtype=np.float32)


@pytest.fixture(params=["embedded", "milvus-lite", "MILVUS_URI"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Return a function that opens one and the same store, as a new process would."""
    opened: list[Store] = []
    if request.param == "embedded":

        def make() -> Store:
            opened.append(EmbeddedStore(tmp_path / "index"))
            return opened[-1]
    else:
        address = os.environ.get("MILVUS_URI") if request.param == "MILVUS_URI" else request.getfixturevalue("lite")
        if not address:
            pytest.skip("MILVUS_URI names no server")
        from qa.milvus import MilvusStore

        name = f"test_{os.getpid()}_{next(NUMBERS)}"

        def make() -> Store:
            opened.append(MilvusStore(f"{address}/{name}"))
            return opened[-1]

    yield make
    if request.param != "embedded":
        make().discard()
    for store in opened:
        store.close()


NUMBERS = count()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    store = open_store()
    store.clear(made_for="model/1")
    return store


def article(path: str, title: str, text: str, **more: object) -> Article:
    return replace(parse_article(text, path), title=title, body=0, **more)  # type: ignore[arg-type]


def prepared(
    of: Article,
    spans: Sequence[tuple[int, int]],
    vectors: Sequence[Sequence[float]],
    *,
    quotes: Sequence[Quote] = (),
    title: Sequence[float] = (1, 0),
) -> Prepared:
    return Prepared(
        article=of,
        file=of.path,
        passages=[Passage(of, start, end) for start, end in spans],
        passage_vectors=np.array(vectors, dtype=np.float32).reshape(len(spans), -1 if spans else 1),
        quotes=quotes,
        quote_vectors=np.array([[0, 1]] * len(quotes), np.float32).reshape(len(quotes), -1 if quotes else 1),
        title_vector=np.array(title, dtype=np.float32),
        lines=np.array([7], dtype=np.uint64),
        sketch=np.zeros(128, dtype=np.uint32),
    )


BRIDGE = article(
    "b.md",
    "Bridge",
    "It was closed. It opened.",
    source="Town Gazette",
    authors=("Ann Lee",),
    published=date(2024, 5, 2),
)
FAIR = article("f.md", "Fair", "The fair opened.", source="BBC", tags=("Spring",), published=date(2024, 6, 1))
RIVER = article("r.md", 'A "river"', "Ünal’s river rose. He left.", authors=("ann lee", "B"))


def fill(store: Store) -> None:
    said = Quote(BRIDGE, 0, 13, "Ann Lee", "direct", (1, 2), None, "name")
    his = Quote(RIVER, 19, 26, "Mr Ünal", "indirect", None, (19, 21), "pronoun")
    nobody = Quote(RIVER, 0, 18, None, "mixed", None, None, "nobody")
    with store.writing():
        store.replace_article(prepared(BRIDGE, [(0, 14), (15, 25)], [[3, 4], [0, 2]], quotes=[said]))
        store.replace_article(prepared(FAIR, [(0, 16)], [[1, 0]]))
        store.replace_article(prepared(RIVER, [(0, 26)], [[1, 1]], quotes=[nobody, his], title=[0, 1]))
        store.load_indexes()


def found(candidates: Sequence[Candidate], store: Store) -> dict[str, tuple[float, float, int | None, int | None]]:
    texts = store.passages([candidate.passage for candidate in candidates])
    return {
        texts[c.passage].text: (round(c.cosine, 3), round(c.bm25, 3), c.dense_rank, c.lexical_rank) for c in candidates
    }


def test_what_is_put_in_comes_out(store: Store) -> None:
    fill(store)
    assert store.article(BRIDGE.id) == BRIDGE
    assert store.articles() == [BRIDGE, FAIR, RIVER]
    assert store.held()["f.md"] == {"f.md": (FAIR.id, as_read(FAIR))}
    made = store.get(RIVER.id)
    assert made is not None
    assert (made.article, made.file, made.passages) == (RIVER, "r.md", [Passage(RIVER, 0, 26)])
    assert made.passage_vectors.tolist() == [[1, 1]]
    assert [quote.speaker for quote in made.quotes] == [None, "Mr Ünal"]
    assert made.quote_vectors.tolist() == [[0, 1], [0, 1]]
    assert (made.title_vector.tolist(), made.lines.tolist(), made.sketch.shape) == ([0, 1], [7], (128,))
    assert store.get("nothing") is None
    with pytest.raises(KeyError):
        store.article("nothing")


def test_a_search_is_by_vectors_and_by_words_at_once(store: Store) -> None:
    fill(store)
    hits = store.search(np.array([0, 9], dtype=np.float32), "opened closed fair", 2)
    if not getattr(store, "fulltext", True):  # a Milvus server before 2.5
        assert found(hits, store) == {"It was closed.": (0.8, 0.0, 2, None), "It opened.": (1.0, 0.0, 1, None)}
        return
    assert found(hits, store) == {
        "It was closed.": (0.8, 0.234, 2, 2),
        "It opened.": (1.0, 0.135, 1, None),
        "The fair opened.": (0.0, 0.356, None, 1),
    }
    assert [c.passage for c in hits] == sorted(c.passage for c in hits)  # type: ignore[type-var]
    published = store.published([c.passage for c in hits])
    assert sorted(published.values()) == [date(2024, 5, 2), date(2024, 5, 2), date(2024, 6, 1)]


def test_filters_narrow_what_is_searched_and_counted(store: Store) -> None:
    fill(store)
    vector = np.array([0, 1], dtype=np.float32)
    for filters, titles in (
        ({"source": "town gazette"}, ["Bridge"]),
        ({"source": ["bbc", "Town Gazette"]}, ["Bridge", "Fair"]),
        ({"author": "ANN LEE"}, ["Bridge", 'A "river"']),
        ({"tag": "spring"}, ["Fair"]),
        ({"since": "2024-05-03"}, ["Fair"]),
        ({"until": "2024-05-31"}, ["Bridge"]),
        ({"article": 'A "river"'}, ['A "river"']),
        ({"article": [BRIDGE.id, "f.md"]}, ["Bridge", "Fair"]),
        ({"source": "no'\"\\ such\n"}, []),
    ):
        assert [a.title for a in store.articles(**filters)] == titles  # type: ignore[arg-type]
        assert store.count(**filters) == len(titles)  # type: ignore[arg-type]
        hits = store.search(vector, "fair", 9, **filters)  # type: ignore[arg-type]
        passages = store.passages([hit.passage for hit in hits]).values()
        assert {passage.article.title for passage in passages} == set(titles)
    with pytest.raises(TypeError, match="there is no filter 'colour'"):
        store.count(colour="red")  # type: ignore[call-arg]


def test_quotes_are_found_by_speaker_article_and_filter(store: Store) -> None:
    fill(store)
    assert [(q.article.title, q.text) for q in store.quotes()] == [
        ("Bridge", "It was closed"),
        ('A "river"', "Ünal’s river rose."),
        ('A "river"', "He left"),
    ]
    assert [q.text for q in store.quotes(speakers=["Ann Lee", "x"])] == ["It was closed"]
    assert [q.text for q in store.quotes(articles=[RIVER.id], until="2024-12-31")] == []
    assert store.quotes(speakers=[]) == []
    assert store.speakers() == {"Ann Lee": 1, "Mr Ünal": 1}
    assert store.speakers(source="Town Gazette") == {"Ann Lee": 1}
    assert store.pronouns(["Mr Ünal", "Ann Lee"]) == {"he": 1}
    assert store.pronouns([]) == {}
    near = store.nearness(np.array([0.6, 0.8], dtype=np.float32), store.quotes(speakers=["Ann Lee"]))
    assert near == [pytest.approx((0.8, 5.0, 0.6, 5.0))]


def test_what_there_is_is_told(store: Store) -> None:
    assert (store.count(), store.articles(), store.speakers(), store.span()) == (0, [], {}, (None, None))
    fill(store)
    assert store.sources() == {"BBC": 1, "Town Gazette": 1}
    assert store.authors() == {"ann lee": 2, "B": 1}
    assert store.span() == (date(2024, 5, 2), date(2024, 6, 1))
    assert store.newest(source="town gazette") == date(2024, 5, 2)
    assert [a.title for a in store.naming("opened")] == ["Bridge", "Fair"]
    assert [a.title for a in store.naming('A "RIVER"')] == ['A "river"']
    page = store.catalogue("", order="published", descending=True, limit=2, offset=0)
    assert (page.total, [entry.title for entry in page.entries]) == (3, ["Fair", "Bridge"])
    page = store.catalogue("gazette", order="title", descending=False, limit=9, offset=0)
    assert [(e.title, e.source, e.published, e.size) for e in page.entries] == [
        ("Bridge", "Town Gazette", date(2024, 5, 2), 25)
    ]
    last = store.catalogue("", order="source", descending=True, limit=9, offset=0)
    assert [entry.source for entry in last.entries] == ["Town Gazette", "BBC", None]


def test_a_new_version_takes_the_place_of_the_old_one(store: Store) -> None:
    fill(store)
    before = store.state
    new = replace(BRIDGE, text="It is open.")
    with store.writing():
        store.replace_article(prepared(new, [(0, 11)], [[1, 0]]))
        store.load_indexes()
    assert store.state != before
    assert store.article(BRIDGE.id) == new
    assert store.quotes(speakers=["Ann Lee"]) == []
    hits = store.search(np.array([1, 0], dtype=np.float32), "opened", 9)
    assert sorted(found(hits, store)) == ["It is open.", "The fair opened.", "Ünal’s river rose. He left"]
    with store.writing():
        store.delete([BRIDGE.id, FAIR.id])
        store.load_indexes()
    assert store.articles() == [RIVER]
    assert len(store.search(np.array([1, 0], dtype=np.float32), "opened", 9)) == 1


def test_a_text_is_held_once_and_goes_over_to_its_copy(store: Store) -> None:
    fill(store)
    copy = replace(BRIDGE, id="copy", path="z.md", title="Bridge again", source="BBC", published=date(2024, 7, 1))
    assert store.same_text(copy) == BRIDGE.id
    with store.writing():
        store.replace_article(prepared(copy, [], []))
        store.load_indexes()
    assert store.articles() == [replace(BRIDGE, copies=("z.md",)), FAIR, RIVER]
    assert store.count() == 3
    assert [a.title for a in store.articles(source="BBC")] == ["Bridge", "Fair"]
    assert [q.speaker for q in store.quotes(since="2024-06-15")] == ["Ann Lee"]
    page = store.catalogue("", order="path", descending=False, limit=9, offset=0)
    assert [(entry.path, entry.same_as) for entry in page.entries][-1] == ("z.md", "b.md")
    with store.writing():
        store.delete([BRIDGE.id])
        store.load_indexes()
    assert [(a.title, a.copies) for a in store.articles()] == [("Fair", ()), ('A "river"', ()), ("Bridge again", ())]
    assert [(q.article.path, q.text) for q in store.quotes(speakers=["Ann Lee"])] == [("z.md", "It was closed")]
    assert "It was closed." in found(store.search(np.array([0, 9], dtype=np.float32), "closed", 4), store)


def test_near_copies_are_noted(store: Store) -> None:
    fill(store)
    assert not store.is_compared
    held: Compared = store.compared()
    assert held.ids == [BRIDGE.id, FAIR.id, RIVER.id]
    assert (held.has_boilerplate, [lines.tolist() for lines in held.lines]) == ([False] * 3, [[7]] * 3)
    assert (held.titles.tolist(), held.sketches.shape) == ([[1, 0], [1, 0], [0, 1]], (3, 128))
    store.note_compared({BRIDGE.id: 4, RIVER.id: 4})
    assert store.is_compared
    assert store.near_copies(BRIDGE.id) == [RIVER]
    assert store.near_copies(FAIR.id) == []


def test_files_are_known_until_they_are_forgotten(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.note_file("a'b.jsonl", "1", [Skipped("a'b.jsonl#2", "it is no article")])
    store.note_file("c.md", "2", ())
    assert open_store().files() == {
        "a'b.jsonl": ("1", (Skipped("a'b.jsonl#2", "it is no article"),)),
        "c.md": ("2", ()),
    }
    with store.writing():
        store.forget_files(["c.md"])
    with store.writing():
        assert list(store.files()) == ["a'b.jsonl"]


def test_another_process_finds_what_was_stored(open_store: Callable[[], Store], store: Store) -> None:
    fill(store)
    other = open_store()
    other.load_indexes()
    assert (other.made_for, other.state, other.articles()) == ("model/1", store.state, [BRIDGE, FAIR, RIVER])
    assert next(other.check("model/1")).what.startswith("the articles were not compared")
    assert [p.touches for p in other.check("model/2")] == ["folder", "folder"]


def test_a_long_hostile_article_comes_out_as_it_went_in(store: Store) -> None:
    text = 'é\u0000"\\\n\t{} 😀 in [x] or 1 == 1 ' * 6_000
    authors = ("',\"]", "A" * 70_000)
    long = article("x" * 200 + "'\".md", "T" * 3_000, text, source='a"\\b', authors=authors, tags=("\n",))
    with store.writing():
        store.replace_article(prepared(long, [(0, 30)], [[1, 0]]))
        store.load_indexes()
    assert store.article(long.id) == long
    for filters in ({"source": 'A"\\B'}, {"author": "',\"]"}, {"tag": "\n"}, {"article": long.path}):
        assert store.count(**filters) == 1  # type: ignore[arg-type]
