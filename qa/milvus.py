"""A library in Milvus, for more articles than one machine holds: any number of machines fill it and read it.

An article's own entity, which is written last and in one piece, names the version of its passages and quotes that
counts: those of other versions are not there. So a crash at any moment leaves each article whole, old or new, and what
it left behind is swept out by whoever fills the library next.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any, Unpack

import numpy as np
from typing_extensions import override

from embeddings import lexical_words
from embeddings.encoder import Vectors
from qa.articles import Article, Skipped
from qa.catalogue import Catalogue, Entry, has_words, search_words
from qa.collections import Collections
from qa.entities import (
    ARTICLES,
    NOTES,
    PASSAGES,
    QUOTES,
    VERSION,
    Entity,
    article_in,
    both,
    condition,
    day_in,
    entities_of,
    ids_of,
    listed,
    note,
    numbers_in,
    quote_in,
    vectors_in,
)
from qa.filters import Filters
from qa.fulltext import Words
from qa.passages import Passage
from qa.questions import folded
from qa.quotes import Quote
from qa.rows import as_read, content_of, digest_in
from qa.store import Candidate, Compared, DamagedStoreError, Nearness, PassageId, Prepared, Problem, Store

_ARTICLES_KEPT = 1000
_MANY = 100
_COUNTS_KEPT = 20
_ABOUT_PASSAGE = ["article", "version", "start", "end"]


class MilvusStore(Store):
    """Articles, their passages and quotes, in four collections of a Milvus server.

    ``uri`` is the server's address, and as its path the name before that of the collections, which may be an alias:
    "http://127.0.0.1:19530/news"; without one, "library". Whoever is let in only with a token sets MILVUS_TOKEN
    ("user:password"). A server from 2.5 on searches by words, too, as ``fulltext`` says; an older one by vectors alone.
    What was made by one model is not replaced by another's: that is refused. Two programs must not fill one library at
    once. Raises ValueError for an address that is none, OSError where the server does not answer or holds what another
    version of this program made.
    """

    def __init__(self, uri: str) -> None:
        self._in = Collections(uri)
        self.fulltext = self._in.fulltext
        self._words = Words(self._in)
        self._mutex = threading.RLock()
        self._articles: dict[str, tuple[int, Article]] = {}
        self._told: dict[tuple[str, str, str, str], Counter[Any]] = {}
        self._run = secrets.token_hex(8)
        self._is_writing = self._is_noted = False
        self._changes = 0
        if self._in.is_there(NOTES) and self._meta("version") != str(VERSION):
            raise OSError(
                f"the library {uri!r} in Milvus is of another version of this program ({self._meta('version')!r}, not"
                f" {VERSION}): name another, and fill that"
            )

    def _meta(self, key: str) -> str:
        found = self._in.query(NOTES, f"id == {_quoted(f'meta:{key}')}", ["value"])
        return str(found[0]["value"]) if found else ""

    def _note(self, key: str, value: str) -> None:
        self._put_notes([note("meta", value, id=f"meta:{key}")])

    def _put_notes(self, notes: Sequence[Entity]) -> None:
        if not self._in.is_there(NOTES):
            self._in.create(NOTES, 2)
            self._note("version", str(VERSION))
        self._in.put(NOTES, notes)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Note that what was in step with the articles is outdated, and that a crash may leave something behind."""
        with self._mutex:
            if not self._is_noted:
                # What another run noted is left as it is: it did not come to its end, and what it left is swept out.
                if not self._meta("changing"):
                    self._note("changing", self._run)
                self._is_noted = True
            yield
            self._changes += 1
            self._note("state", secrets.token_hex(16))

    @override
    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[None]:
        with self._mutex:
            self._is_writing, self._in.consistency = True, "Strong"
            try:
                yield
            finally:
                self._is_writing, self._in.consistency = False, "Session"

    @override
    def files(self) -> dict[str, tuple[str, tuple[Skipped, ...]]]:
        read = (json.loads(entity["value"]) for entity in self._in.each(NOTES, 'kind == "file"', ["value"]))
        return {path: (stamp, tuple(Skipped(*skip) for skip in skipped)) for path, stamp, skipped in read}

    @override
    def note_file(self, path: str, stamp: str, skipped: Sequence[Skipped]) -> None:
        told = [(skip.path, skip.reason) for skip in skipped]
        while len((value := json.dumps([path, stamp, told], ensure_ascii=False)).encode()) > 65_535:
            told = told[: len(told) // 2]  # the others are told when the file is read, and not again
        self._put_notes([note("file", value, id=_file_id(path))])

    @override
    def forget_files(self, paths: Sequence[str]) -> None:
        self._in.remove(NOTES, [_file_id(path) for path in paths])

    @override
    def held(self) -> dict[str, dict[str, tuple[str, str]]]:
        held: dict[str, dict[str, tuple[str, str]]] = {}
        for entity in self._in.each(ARTICLES, "", ["file", "path", "id", "as_read"]):
            held.setdefault(entity["file"], {})[entity["path"]] = (entity["id"], entity["as_read"])
        return held

    @override
    def same_text(self, article: Article) -> str | None:
        same = f"content == {_quoted(content_of(article))}"
        found = self._in.query(ARTICLES, both(same, 'same_as == ""', f"id != {_quoted(article.id)}"), ["id"])
        return min((str(entity["id"]) for entity in found), default=None)

    @override
    def replace_article(self, new: Prepared) -> None:
        with self._changing():
            if not self._in.is_there(ARTICLES):
                for name in (PASSAGES, QUOTES, ARTICLES):
                    self._in.create(name, len(new.title_vector))
            before = self._owners([new.article.id])
            if before:
                self._hand_over(new.article.id, content_of(new.article))
            same_as = self.same_text(new.article) or ""
            if same_as:
                new = new.as_copy()
            self._store(new, same_as, before)

    def _store(self, new: Prepared, same_as: str, before: Mapping[str, Entity]) -> None:
        """Put an article's new version beside the one before, let it count, and remove that."""
        version = max(time.time_ns(), *(own["version"] + 1 for own in before.values()), 0)
        for name, entities in entities_of(new, version, same_as).items():
            self._in.put(name, entities)
        self._remove_of(before.values())

    def _owners(self, article_ids: Iterable[str], within: str = "") -> dict[str, Entity]:
        """Return of articles which version counts, and how many passages, quotes and parts of its text there are."""
        fields = ["id", "version", PASSAGES, QUOTES, NOTES]
        return {own["id"]: own for own in self._in.among(ARTICLES, "id", article_ids, fields, within)}

    def _of(self, name: str, owners: Iterable[Entity], fields: Sequence[str]) -> list[Entity]:
        """Return the passages, quotes or parts of texts of articles, in any order."""
        return list(self._in.among(name, "id", (id_ for own in owners for id_ in ids_of(name, own)), fields))

    def _remove_of(self, owners: Collection[Entity]) -> None:
        for name in (PASSAGES, QUOTES, NOTES):
            self._in.remove(name, [id_ for own in owners for id_ in ids_of(name, own)])

    def _hand_over(self, article_id: str, content: str) -> None:
        """Give what is made of an article that goes, or gets another text, to the first of its copies."""
        within = both(f"same_as == {_quoted(article_id)}", f"content != {_quoted(content)}")
        copies = sorted(self._in.each(ARTICLES, within, ["*"]), key=lambda entity: entity["path"])
        if not copies:
            return
        made = self.get(article_id)
        if made is None:
            raise DamagedStoreError(f"the article {article_id!r} in Milvus is damaged", [article_id])
        first, *others = copies
        copy = replace(self.article(first["id"]), boilerplate=made.article.boilerplate)
        lines, sketch = numbers_in(first)
        of_copy = Prepared(
            article=copy,
            file=first["file"],
            passages=[replace(passage, article=copy) for passage in made.passages],
            passage_vectors=made.passage_vectors,
            quotes=[replace(quote, article=copy) for quote in made.quotes],
            quote_vectors=made.quote_vectors,
            title_vector=np.array(first["vector"], dtype=np.float32),
            lines=lines,
            sketch=sketch,
        )
        self._store(of_copy, "", {first["id"]: first})
        self._in.put(ARTICLES, [{**other, "same_as": first["id"]} for other in others])

    @override
    def delete(self, article_ids: Sequence[str]) -> None:
        if article_ids:
            with self._changing():
                for article_id in article_ids:
                    before = self._owners([article_id])
                    self._hand_over(article_id, "")
                    self._in.delete(ARTICLES, f"id == {_quoted(article_id)}")
                    self._remove_of(before.values())

    @override
    def discard_articles(self, article_ids: Sequence[str]) -> None:
        if article_ids:
            with self._changing():
                of_these = f"(id in {listed(article_ids)} or same_as in {listed(article_ids)})"
                gone = list(self._in.each(ARTICLES, of_these, ["id", "version", "file", PASSAGES, QUOTES, NOTES]))
                self.forget_files([entity["file"] for entity in gone])
                self._in.delete(ARTICLES, of_these)
                self._remove_of(gone)

    @override
    def get(self, article_id: str) -> Prepared | None:
        found = list(self._in.among(ARTICLES, "id", [article_id], ["*"]))
        if not found:
            return None
        entity = found[0]
        try:
            article = self._written([entity])[article_id]
            passages = sorted(self._of(PASSAGES, found, [*_ABOUT_PASSAGE, "vector"]), key=lambda e: e["start"])
            said = sorted(self._of(QUOTES, found, ["ordinal", "quote", "vector"]), key=lambda e: e["ordinal"])
            lines, sketch = numbers_in(entity)
            quotes = [quote_in(article, own) for own in said]
        except (KeyError, TypeError, ValueError):
            return None
        made = Prepared(
            article=article,
            file=entity["file"],
            passages=[Passage(article, own["start"], own["end"]) for own in passages],
            passage_vectors=vectors_in(passages),
            quotes=quotes,
            quote_vectors=vectors_in(said),
            title_vector=np.array(entity["vector"], dtype=np.float32),
            lines=lines,
            sketch=sketch,
        )
        return made if entity["digest"] == digest_in(made) else None

    @override
    def compared(self) -> Compared:
        fields = ["id", "path", "has_boilerplate", "lines", "sketch", "vector"]
        entities = sorted(self._in.each(ARTICLES, 'same_as == ""', fields), key=lambda entity: entity["path"])
        numbers = [numbers_in(entity) for entity in entities]
        return Compared(
            [entity["id"] for entity in entities],
            [bool(entity["has_boilerplate"]) for entity in entities],
            [lines for lines, _ in numbers],
            vectors_in(entities),
            np.array([sketch for _, sketch in numbers], np.uint32).reshape(len(entities), -1 if entities else 1),
        )

    @property
    @override
    def is_compared(self) -> bool:
        return self._meta("compared") == self.state

    @override
    def note_compared(self, groups: Mapping[str, int]) -> None:
        with self._mutex:
            self._in.delete(NOTES, 'kind == "near"')
            self._put_notes([note("near", str(n), id=f"near:{id_}", article=id_) for id_, n in groups.items()])
            self._note("compared", self.state)

    @override
    def near_copies(self, article_id: str) -> list[Article]:
        own = self._in.query(NOTES, f"id == {_quoted(f'near:{article_id}')}", ["value"])
        if not own:
            return []
        within = both('kind == "near"', f"value == {_quoted(own[0]['value'])}")
        others = {entity["article"] for entity in self._in.each(NOTES, within, ["article"])} - {article_id}
        return _by_path(self._held(others).values())

    @property
    @override
    def state(self) -> str:
        return self._meta("state")

    @property
    @override
    def made_for(self) -> str:
        return self._meta("made_for")

    @override
    def clear(self, *, made_for: str) -> None:
        if self._in.count(ARTICLES):
            raise ValueError(
                f"the library in Milvus at {self._in.address} was made by {self.made_for!r}, not by {made_for!r}: fill"
                " another one (/name at the end of the address), and let an alias change over to it"
            )
        self.discard()
        self._note("made_for", made_for)

    @override
    def discard(self) -> None:
        self._in.drop()
        self._articles.clear()
        self._told.clear()

    @override
    def check(self, made_for: str) -> Iterator[Problem]:
        if self.made_for != made_for:
            yield Problem("folder", f"the library was made by {self.made_for!r}, not by {made_for!r}")
        if not self.is_compared:
            yield Problem("folder", "the articles were not compared with each other since the last change")
        versions = {}
        for entity in sorted(self._in.each(ARTICLES, "", ["id", "path", "version"]), key=lambda e: e["path"]):
            versions[entity["id"]] = entity["version"]
            if self.get(entity["id"]) is None:
                what = f"{entity['path']}: what is held of it is not what was written"
                yield Problem("articles", what, (entity["id"],))
        for name in (PASSAGES, QUOTES):
            left = sum(
                versions.get(e["article"]) != e["version"] for e in self._in.each(name, "", ["article", "version"])
            )
            if left:
                yield Problem("indexes", f"{left} {name} are left of versions that are gone")

    @override
    def discard_indexes(self) -> None:
        """Sweep out what crashes left behind: nothing else is derived from the articles."""
        with self._mutex:
            self._sweep()

    @override
    def load_indexes(self) -> None:
        with self._mutex:
            run = self._meta("changing") if self._is_writing else ""
            if run:
                if run != self._run:
                    self._sweep()
                self._note("changing", "")
                self._is_noted = False
                if self._changes >= _MANY:  # what was written last is searched by no index until then
                    self._in.flush()
                self._changes = 0

    def _sweep(self) -> None:
        """Remove what belongs to no article's present version."""
        versions = {e["id"]: e["version"] for e in self._in.each(ARTICLES, "", ["id", "version"])}
        for name, within in ((PASSAGES, ""), (QUOTES, ""), (NOTES, 'kind == "text"')):
            fields = ["id", "article", "version"]
            left = [e["id"] for e in self._in.each(name, within, fields) if versions.get(e["article"]) != e["version"]]
            self._in.remove(name, left)

    @override
    def load_earlier_indexes(self) -> bool:
        return self._in.is_there(ARTICLES)

    @override
    def article(self, article_id: str) -> Article:
        return self._held([article_id])[article_id]

    def _versions(self, article_ids: Iterable[str]) -> dict[str, int]:
        return {e["id"]: e["version"] for e in self._in.among(ARTICLES, "id", article_ids, ["version"])}

    def _held(self, article_ids: Iterable[str], versions: Mapping[str, int] | None = None) -> dict[str, Article]:
        """Return articles by their ids, where ``versions`` are given, but for those of another one by now.

        Raises KeyError for one that there is not, and DamagedStoreError.
        """
        ids = list(dict.fromkeys(article_ids))
        copies: dict[str, list[str]] = {}
        for entity in self._in.among(ARTICLES, "same_as", ids, ["path", "same_as"]):
            copies.setdefault(entity["same_as"], []).append(entity["path"])
        now = self._versions(ids) if versions is None else versions
        missing = [id_ for id_ in ids if id_ not in now]
        if missing:
            raise KeyError(f"no article {missing[0]!r}")
        known = {id_: article for id_, (version, article) in self._articles.items() if now.get(id_) == version}
        new = [id_ for id_ in ids if id_ not in known]
        fields = ["id", "version", "as_read", "written", NOTES]
        try:
            there = [e for e in self._in.among(ARTICLES, "id", new, fields) if e["version"] == now[e["id"]]]
            if len(there) < len(new) and versions is None:  # some were changed since their versions were asked for
                return self._held(ids)
            read = self._written(there)
        except ValueError as error:
            raise DamagedStoreError(f"an article in Milvus is damaged: {error}", new) from error
        if len(self._articles) + len(read) > _ARTICLES_KEPT:
            self._articles.clear()
        self._articles |= {id_: (now[id_], article) for id_, article in read.items()}
        known |= read
        return {id_: replace(known[id_], copies=tuple(sorted(copies.get(id_, ())))) for id_ in ids if id_ in known}

    def _written(self, entities: Sequence[Entity]) -> dict[str, Article]:
        """Return the articles of entities, checked to be what was read. Raises ValueError."""
        parts = {entity["id"]: entity["value"] for entity in self._of(NOTES, entities, ["value"])}
        articles = {}
        for entity in entities:
            further = [parts.get(part, "") for part in ids_of(NOTES, entity)]
            article = article_in("".join([entity["written"], *further]), ())
            if as_read(article) != entity["as_read"]:
                raise ValueError(f"{article.path} is not what was read")
            articles[entity["id"]] = article
        return articles

    def _within(self, **filters: Unpack[Filters]) -> str:
        """Return the condition that the filters make: an article is chosen by any of the places that its text has."""
        chosen = condition(**filters)
        if not chosen:
            return chosen
        also = {e["same_as"] for e in self._in.each(ARTICLES, both('same_as != ""', chosen), ["same_as"])}
        return f"({chosen} or article in {listed(sorted(also))})" if also else chosen

    @override
    def articles(self, **filters: Unpack[Filters]) -> list[Article]:
        within = both('same_as == ""', self._within(**filters))
        ids = [entity["id"] for entity in self._in.each(ARTICLES, within, ["id"])]
        return _by_path(self._held(ids).values())

    @override
    def count(self, **filters: Unpack[Filters]) -> int:
        return self._in.count(ARTICLES, both('same_as == ""', self._within(**filters)))

    @override
    def catalogue(
        self, search: str, *, order: str, descending: bool, limit: int, offset: int, **filters: Unpack[Filters]
    ) -> Catalogue:
        fields = ["id", "path", "title", "names", "published", "size", "same_as"]
        words = search_words(search)
        there: list[Entry] = []
        for entity in self._in.each(ARTICLES, condition(**filters), fields):
            source, authors = json.loads(entity["names"])
            if has_words(words, entity["title"], source, entity["path"], *authors):
                own = (entity["id"], entity["path"], entity["title"], source, day_in(entity), entity["size"])
                there.append(Entry(*own, entity["same_as"] or None))
        there.sort(key=lambda entry: entry.path)
        keyed = [(_order_key(entry, order), entry) for entry in there]
        known = sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0], reverse=descending)
        ordered = [entry for _, entry in known] + [entry for key, entry in keyed if key is None]
        page = ordered[offset : offset + limit]
        copied = [entry.same_as for entry in page if entry.same_as]
        paths = {e["id"]: e["path"] for e in self._in.among(ARTICLES, "id", copied, ["path"])}
        return Catalogue(len(there), tuple(replace(e, same_as=paths.get(e.same_as or "")) for e in page))

    def _counted(self, name: str, key: str, within: str) -> Counter[Any]:
        """Return how often each value of a field is there; it is worked out once for a state of the articles."""
        state = self.state
        if any(other != state for other, *_ in self._told) or len(self._told) > _COUNTS_KEPT:
            self._told = {}
        asked = (state, name, key, within)
        counted = self._told.get(asked)
        if counted is None:
            counted = self._told[asked] = Counter(entity[key] for entity in self._in.each(name, within, [key]))
        return counted

    def _by_case(self, names_of: Callable[[str], Iterable[str]], **filters: Unpack[Filters]) -> dict[str, int]:
        """Count the articles under each name, whatever its case, most first; lower case is shown last."""
        shown: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for names, articles in self._counted(ARTICLES, "names", condition(**filters)).items():
            for name in {name.lower(): name for name in names_of(names)}.values():
                shown[name.lower()] = max(name, shown.get(name.lower(), ""))
                counts[name.lower()] += articles
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return {shown[name]: articles for name, articles in ordered}

    @override
    def sources(self, **filters: Unpack[Filters]) -> dict[str, int]:
        return self._by_case(lambda names: filter(None, json.loads(names)[:1]), **filters)

    @override
    def authors(self, **filters: Unpack[Filters]) -> dict[str, int]:
        return self._by_case(lambda names: json.loads(names)[1], **filters)

    @override
    def span(self, **filters: Unpack[Filters]) -> tuple[date | None, date | None]:
        days = self._counted(ARTICLES, "published", both("published > 0", self._within(**filters)))
        return (date.fromordinal(min(days)), date.fromordinal(max(days))) if days else (None, None)

    @override
    def naming(self, words: str, **filters: Unpack[Filters]) -> list[Article]:
        within, asked = self._within(**filters), lexical_words(words)
        if asked and self.fulltext:
            there = [f"(text_match(words, {_quoted(w)}) or text_match(title_words, {_quoted(w)}))" for w in asked]
            ids = {entity["article"] for entity in self._in.each(PASSAGES, both(*there, within), ["article"])}
        else:
            ids = {entity["id"] for entity in self._in.each(ARTICLES, both('same_as == ""', within), ["id"])}
        versions = self._versions(ids)
        articles = self._held(versions, versions).values()
        wanted = words.lower()
        return _by_path(a for a in articles if wanted in a.text.lower() or wanted in a.title.lower())

    @override
    def search(self, vector: Vectors, text: str, n: int, **filters: Unpack[Filters]) -> list[Candidate]:
        if not self._in.is_there(PASSAGES):
            return []
        within, asked = self._within(**filters), list(dict.fromkeys(lexical_words(text)))
        outdated: set[str] = set()
        while True:
            chosen = both(within, f"id not in {listed(sorted(outdated))}" if outdated else "")
            near = self._in.nearest("vector", [float(number) for number in vector], n, chosen)
            words = self._in.nearest("bm25", " ".join(asked), n, chosen) if asked and self.fulltext else {}
            found = near | words
            versions = self._versions(entity["article"] for entity in found.values())
            more = {id_ for id_, entity in found.items() if versions.get(entity["article"]) != entity["version"]}
            if not more:
                break
            outdated |= more
        ids = sorted(found)
        cosines = dict(zip(ids, _cosines(vector, vectors_in([found[id_] for id_ in ids])), strict=True))
        shares = self._words.shares(asked, found, self.state)
        by_vector = sorted(near, key=lambda id_: (-cosines[id_], id_))
        by_words = sorted((id_ for id_ in words if shares[id_]), key=lambda id_: (-shares[id_], id_))
        dense_ranks, lexical_ranks = ({id_: rank for rank, id_ in enumerate(o, 1)} for o in (by_vector, by_words))
        return [Candidate(id_, cosines[id_], shares[id_], dense_ranks.get(id_), lexical_ranks.get(id_)) for id_ in ids]

    @override
    def published(self, passages: Collection[PassageId]) -> dict[PassageId, date]:
        found = self._in.among(PASSAGES, "id", map(str, passages), ["published"])
        return {entity["id"]: day for entity in found if (day := day_in(entity))}

    @override
    def passages(self, passages: Collection[PassageId]) -> dict[PassageId, Passage]:
        found = list(self._in.among(PASSAGES, "id", map(str, passages), _ABOUT_PASSAGE))
        return {e["id"]: Passage(article, e["start"], e["end"]) for e, article in self._of_articles(found)}

    def _of_articles(self, entities: Sequence[Entity]) -> Iterator[tuple[Entity, Article]]:
        """Yield passages and quotes with the articles that they are of, but for those of other versions."""
        versions = self._versions(entity["article"] for entity in entities)
        present = [entity for entity in entities if versions.get(entity["article"]) == entity["version"]]
        articles = self._held((entity["article"] for entity in present), versions)
        for entity in present:
            if entity["article"] in articles:
                yield entity, articles[entity["article"]]

    @override
    def speakers(self, **filters: Unpack[Filters]) -> dict[str, int]:
        counts = self._counted(QUOTES, "speaker", both('speaker != ""', self._within(**filters)))
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @override
    def pronouns(self, speakers: Sequence[str]) -> dict[str, int]:
        if not speakers:
            return {}
        of_these = both(f"speaker in {listed(speakers)}", 'resolved_by == "pronoun"', 'pronoun != ""')
        return dict(Counter(entity["pronoun"] for entity in self._in.query(QUOTES, of_these, ["pronoun"], limit=100)))

    @override
    def quotes(
        self,
        *,
        speakers: Collection[str] | None = None,
        articles: Collection[str] | None = None,
        **filters: Unpack[Filters],
    ) -> list[Quote]:
        within, fields = self._within(**filters), ["article", "version", "ordinal", "quote", "speaker"]
        if articles is not None:
            found = self._of(QUOTES, self._owners(articles, within).values(), fields)
        elif speakers is not None:
            found = list(self._in.among(QUOTES, "speaker", speakers, fields, within))
        else:
            found = list(self._in.each(QUOTES, within, fields))
        if speakers is not None:
            found = [entity for entity in found if entity["speaker"] in speakers]
        quotes = [(e["ordinal"], quote_in(article, e)) for e, article in self._of_articles(found)]
        quotes.sort(key=lambda pair: (pair[1].article.path, pair[1].start, pair[0]))
        return [quote for _, quote in quotes]

    @override
    def nearness(self, vector: Vectors, quotes: Sequence[Quote]) -> list[Nearness]:
        ids = [quote.article.id for quote in quotes]
        owners = self._owners(ids).values()

        def near(found: list[Entity]) -> Iterator[tuple[Entity, float]]:
            return zip(found, (vectors_in(found) @ vector).tolist() if found else [], strict=True)

        said = self._of(QUOTES, owners, ["article", "quote", "vector"])
        own = {(e["article"], *json.loads(e["quote"])[:2]): cosine for e, cosine in near(said)}
        titles = {e["id"]: cosine for e, cosine in near(list(self._in.among(ARTICLES, "id", ids, ["vector"])))}
        of_article: dict[str, list[tuple[int, float]]] = {}
        for e, cosine in near(self._of(PASSAGES, owners, ["article", "start", "vector"])):
            of_article.setdefault(e["article"], []).append((e["start"], cosine))
        told = []
        for quote in quotes:
            article = quote.article.id
            if (article, quote.start, quote.end) not in own:
                raise DamagedStoreError(f"a quote of {quote.article.path} is missing in Milvus", [article])
            passages = sorted(of_article.get(article, [(0, 0.0)]))
            place = max(sum(start <= quote.start for start, _ in passages) - 1, 0)
            best = max(cosine for _, cosine in passages)
            told.append(Nearness(own[article, quote.start, quote.end], passages[place][1], titles[article], best))
        return told

    @override
    def close(self) -> None:
        self._in.close()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _file_id(path: str) -> str:
    return f"file:{sha256(path.encode()).hexdigest()}"


def _by_path(articles: Iterable[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: article.path)


def _order_key(entry: Entry, order: str) -> Any:
    value = getattr(entry, order)
    return folded(value) if order in ("title", "source") and value is not None else value


def _cosines(vector: Vectors, vectors: Vectors) -> list[float]:
    if not len(vectors):
        return []
    norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    cosines: list[float] = (vectors @ vector / np.where(norms == 0, 1, norms)).tolist()
    return cosines
