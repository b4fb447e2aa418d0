"""An article made ready for the parser: stretches in quote marks, sentences, and a stand-in for each full
quote.

A parser trained on news sees ``"It is so," Lavrov said`` and not forty words of somebody else's syntax; only
sentences that hold a mark or a word of saying are parsed at all. Every offset leads back to the raw text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qa.articles import Article
from qa.quotes.saying import HINTS, NAMING_FORMS, SAYING, SPOKEN, VERBS

if TYPE_CHECKING:
    from spacy.tokens import Doc

Span = tuple[int, int]


@dataclass(frozen=True)
class Marked:
    """A stretch in quote marks: the content, the marks included, and whether its closing mark is missing."""

    start: int
    end: int
    outer_start: int
    outer_end: int
    unclosed: bool


_SPACES = re.compile(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\ufeff\ud800-\udfff]")
# "WASHINGTON (AP) —", "PORTLAND, Ore. –", "LONDON, June 5 (Reuters) -", "Seoul, South Korea CNN —", "(CNN)"
_CAPITALISED = r"(?:,?[ \u00a0]+(?:(?:de|of|and)[ \u00a0]+)?(?:[^\W\d_a-z][\w.'’-]*|\d\d?)){0,5}"
_AGENCY = r"(?:AFP|AP|CNN|Reuters|UPI)"
_DATELINE = re.compile(
    rf"\s*(?:[A-Z][A-Z.'’-]{{2,}}{_CAPITALISED}\s*(?:\([^)\n]{{2,25}}\)\s*)?(?:[–—]|--?\s)"
    rf"|(?:[^\W\d_a-z][\w.'’-]*{_CAPITALISED}?[ \u00a0]+)?"
    rf"(?:\({_AGENCY}\b[^)\n]{{0,20}}\)(?:\s*[–—-]\s)?|{_AGENCY}(?:[ \u00a0][A-Z]\w+)?[ \u00a0]*[–—-]\s))\s*"
)
_TITLE_AND_ONE = 2000  # characters: a title and a first paragraph are seldom longer
_ELISIONS = re.compile(r"['’‘](?:\d0s|\d\d|em|til|cause|n|tis|twas|bout|round)\b", re.I)
_MARK = re.compile(r"''|``|[\"“”„«»‘’'`]")


def find_marks(text: str, start: int, end: int) -> list[Marked]:
    """The outermost quoted stretches of one paragraph; an apostrophe, an inch or a stray mark
    opens nothing."""
    found: list[Marked] = []
    opened: re.Match[str] | None = None
    skip_to = start
    for match in _MARK.finditer(text, start, end):
        if match.start() < skip_to:
            continue
        mark = match.group()
        before = text[match.start() - 1] if match.start() > start else " "
        after = text[match.end()] if match.end() < end else " "
        opens = not after.isspace() and (before.isspace() or before in "([{—–-/:…\"“'‘" or mark in "“„«``")
        if mark in "‘’'`":
            if (
                opened is None
                and opens
                and mark != "’"
                and not before.isalnum()
                and not _ELISIONS.match(text, match.start())
            ):
                close = _closing_single(text, match.end(), end)
                if close is not None:
                    found.append(Marked(match.end(), close, match.start(), close + 1, False))
                    skip_to = close + 1
        elif opened is None:
            if opens and mark != "”" and not (before.isdigit() and mark == '"'):
                opened = match
        elif (mark in "“„«``" and opens and before.isspace()) or (
            mark == '"' and opens and before.isspace() and text[opened.start() - 1 : opened.start()].isspace()
        ):
            opened = match
        else:
            found.append(Marked(opened.end(), match.start(), opened.start(), match.end(), False))
            opened = None
    if opened is not None and opened.end() < end:
        found.append(Marked(opened.end(), end, opened.start(), end, True))
    return [m for m in found if text[m.start : m.end].strip()]


def _closing_single(text: str, start: int, end: int) -> int | None:
    """Where a single-quoted stretch closes: at a mark beside punctuation, else at the first that ends a
    word."""
    first = None
    for match in re.compile(r"[’']").finditer(text, start, min(end, start + 2000)):
        i = match.start()
        after = text[i + 1] if i + 1 < end else " "
        if after.isalnum() or i == start or text[i - 1].isspace():
            continue
        if text[i - 1] in ".,!?…" or after in ".,;:!?)" or i + 1 >= end:
            return i
        if first is None and text[i - 1] != "s":
            return i
        first = i if first is None else first
    return first


@dataclass
class Sentence:
    """A sentence as the parser sees it, and the way back to the article.

    ``pieces`` are (masked start, raw start, masked length, raw length); ``full`` and ``fragments`` number the
    stretches in marks that are replaced by a stand-in and that are not; ``woven`` are the fragments' words in
    masked offsets.
    """

    masked: str
    start: int
    end: int
    paragraph: int
    pieces: list[tuple[int, int, int, int]]
    full: list[int]
    fragments: list[int]
    woven: list[Span] = field(default_factory=list)
    doc: Doc | None = None

    @property
    def stand_ins(self) -> list[Span]:
        """Where the stand-ins of the full quotes are, in masked offsets."""
        return [(start, start + length) for start, _, length, raw_length in self.pieces if length != raw_length]

    def raw(self, at: int, closing: bool = False) -> int:
        """The raw offset of a masked one; inside a stand-in, the start (or with ``closing`` the end) of its
        quote."""
        i = bisect_right(self.pieces, (at - 1 if closing and at else at, 1 << 60)) - 1
        masked_start, raw_start, masked_length, raw_length = self.pieces[max(i, 0)]
        if masked_length == raw_length:
            return raw_start + at - masked_start
        return raw_start + raw_length if closing else raw_start

    def masked_of(self, raw: int) -> int:
        """Return where an offset of the article's text lies in the masked sentence."""
        for masked_start, raw_start, masked_length, raw_length in self.pieces:
            if raw_start <= raw < raw_start + raw_length:
                return masked_start + (raw - raw_start if masked_length == raw_length else 0)
        return len(self.masked)


_SENTENCE_END = re.compile(r"(?:[.!?…]|\.\.\.)(?:[\"”’')\]]|'')*\s+(?=[\"“‘'(\[«„]*[^\W_a-z])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Sen|Sens|Rep|Reps|Gov|Govs|Gen|Lt|Col|Capt|Maj|Sgt|Adm|Rev|Prof|St|Mt|vs|No|Sir|Hon|Jan|Feb|Mar|"
    r"Apr|Aug|Sept|Sep|Oct|Nov|Dec|Fla|Calif|Mass|Ariz|Ga|Pa|Va|Ill|Ind|Wis|Mich|Minn|Tenn|Ala|Conn|Del|Ky|La|Md|Okla|Ore|"
    r"Tex|Wash|Jr|Sr|Inc|Co|Corp|[A-Z])|\b[A-Z]\.[A-Z])\.$"
)
_PAST = "|".join(word for word in SPOKEN if word.split()[0][-1] in "sdetk")
_SAID_AFTER = re.compile(
    r"(?:(?:[A-Z][^\s.,:;]*\.?|the|a|an|of|for|former|senior)\s+){1,8}(?:later\s+|then\s+|also\s+)?"
    rf"(?:{_PAST})(?!:|\s*[,:]\s*[\"“'‘])\b"
    r"(?P<stop>[.,]|\s+(?:in|on|at|during|after|before|to|when)\b|\s*$)?"
)
_AFTER_ABBREVIATION = re.compile(
    r"(?:The|But|And|In|He|She|It|They|We|I|That|This|A|An|On|At|As|For|If|When|Mr|Mrs|Ms)\b"
)
_LIMIT = 1200
_WORD = re.compile(r"\w+")


def _split(text: str, start: int, end: int, marked: list[Marked], full: set[int]) -> list[Span]:
    """Sentence bounds in one paragraph; a full quote is never cut, and no sentence exceeds ``_LIMIT``
    characters."""
    cuts = []
    inside = [(marked[i].start, marked[i].end - 1) for i in sorted(full)]
    for match in _SENTENCE_END.finditer(text, start, end):
        i = bisect_right(inside, (match.start(), 1 << 60)) - 1
        if i >= 0 and match.start() < inside[i][1]:
            continue
        head = text[max(start, match.start() - 12) : match.start() + 1]
        if _ABBREVIATION.search(head) and not (
            re.search(r"[A-Z]\.[A-Z]\.$|(?:Jr|Sr|Inc|Co|Corp)\.$", head)
            and _AFTER_ABBREVIATION.match(text, match.end())
        ):
            continue
        if match.group().rstrip()[-1] in "\"”’'":
            follows = _SAID_AFTER.match(text, match.end(), min(end, match.end() + 160))
            if follows and (match.group()[0] in "!?…" or follows.group("stop")):
                continue
        cuts.append(match.end())
    out, at = [], start
    for cut in [*cuts, end]:
        while cut - at > _LIMIT and not any(s < at + _LIMIT < e for s, e in inside):
            space = text.rfind(" ", at + 1, at + _LIMIT)
            step = space + 1 if space > at else at + _LIMIT
            out.append((at, step))
            at = step
        if cut > at:
            out.append((at, cut))
        at = cut
    return out


class Reading:
    """One article on its way through: marks and sentences first, then (once parsed) its quotes."""

    def __init__(self, article: Article) -> None:
        self.article = article
        self.text = _SPACES.sub(" ", article.text)
        self.paragraphs = _paragraphs(self.text)
        if _hard_wrapped(self.text):
            self.text = re.sub(r"(?<=\S)\n(?=[^\n\s])", " ", self.text)
            self.paragraphs = _paragraphs(self.text)
        for number, (start, end) in enumerate(self.paragraphs):
            told = after_dateline(article, start)
            self.paragraphs[number] = (told if told < end else start, end)
        self.marked: list[Marked] = []
        self.full: set[int] = set()
        self.sentences: list[Sentence] = []
        self.paragraph_of: list[int] = []
        for number, (start, end) in enumerate(self.paragraphs):
            marks = find_marks(self.text, start, end)
            if marks and marks[-1].unclosed and not self._runs_on(number, marks[-1]):
                marks.pop()
            first = len(self.marked)
            self.marked += marks
            self.paragraph_of += [number] * len(marks)
            for i in range(first, len(self.marked)):
                if self._is_full(i, start, end):
                    self.full.add(i)
            self._sentences(number, start, end, range(first, len(self.marked)))

    def _runs_on(self, number: int, mark: Marked) -> bool:
        """Whether an unclosed quote is one: its paragraph starts with it or leads into it, or the next one
        reopens."""
        start = self.paragraphs[number][0]
        lead = self.text[start : mark.outer_start].rstrip()
        if not lead or lead[-1] in ",:":
            return True
        follows = self.paragraphs[number + 1][0] if number + 1 < len(self.paragraphs) else None
        reopens = follows is not None and self.text[follows] in '"“„«'
        return reopens or (bool(re.search(r"[.!?]$", lead)) and len(self.text[mark.start : mark.end].split()) > 3)

    def _is_full(self, i: int, start: int, end: int) -> bool:
        """Whether the quoted stretch is speech in its own right, not words woven into the writer's
        sentence."""
        mark = self.marked[i]
        inner = self.text[mark.start : mark.end].strip()
        inner = inner.rstrip(" ’'\"”") or inner
        before = self.text[max(start, mark.outer_start - 400) : mark.outer_start].rstrip()
        after = self.text[mark.outer_end : min(end, mark.outer_end + 60)]
        words = len(inner.split())
        first = next((c for c in inner if c.isalnum()), "")
        upper = not first.islower()
        terminal = mark.unclosed or inner[-1] in ".,?!…—–-;" or after[:1] in (",", "?", "!")
        if not before or re.search(r"[.!?…][\"”’')\]]*$", before):
            if not upper and words < 4:
                return False
            if mark.unclosed or (inner[-1] == "," and (words > 1 or SAYING.search(after))):
                return not titled(inner)
            if after[:1] == ",":
                return bool(SAYING.search(after)) and words > 1
            if inner[-1] in ".?!…—–-":
                return words > 1 or bool(SAYING.search(after)) or not after.strip()
            return words > 3 and (bool(re.match(r"\s*$", after)) or bool(SAYING.match(after.lstrip())))
        if before[-1] in ":":
            return upper or words > 3
        if before[-1] in ",—–-":
            said = SAYING.search(before[-200:]) is not None or any(j in self.full for j in range(max(0, i - 1), i))
            if before[-1] in "—–-":
                return SAYING.search(after[:40]) is not None and inner[-1] in ",.?!"
            if upper:
                return said and (terminal or words > 3)
            return said and words > 1 and (terminal or after[:1] == ".") and before[-1] == ","
        if before[-1] in "\"”’'":
            return upper and terminal and words > 3 and i - 1 in self.full
        last = re.search(r"([^\W\d_]+)$", before)
        if upper and last and last.group(1).lower() in VERBS and last.group(1).lower() not in NAMING_FORMS:
            return inner[-1] in ".?!," and not titled(inner)
        return False

    def _sentences(self, number: int, start: int, end: int, marks: range) -> None:
        for s, e in _split(self.text, start, end, self.marked, {i for i in marks if i in self.full}):
            low, high = (bisect_left(self.marked, at, key=lambda m: m.outer_start) for at in (s, e))
            inside = list(range(max(low, marks.start), high))
            raw = self.text[s:e]
            if not inside and HINTS.isdisjoint(_WORD.findall(raw.lower())):
                continue
            self.sentences.append(self._mask(number, s, e, inside))

    def _mask(self, number: int, s: int, e: int, inside: list[int]) -> Sentence:
        """The sentence with a stand-in for each full quote, and the pieces that lead back to the raw text."""
        masked, pieces, at = "", [], s
        for i in inside:
            if i not in self.full:
                continue
            mark = self.marked[i]
            if mark.outer_start < at:
                continue
            if mark.outer_start > at:
                pieces.append((len(masked), at, mark.outer_start - at, mark.outer_start - at))
                masked += self.text[at : mark.outer_start]
            inner = self.text[mark.start : mark.end].strip()
            inner = inner.rstrip(" ’'\"”") or inner
            close = inner[-1] if inner[-1] in ".,?!" else ""
            stand_in = f"“{'it' if inner[0].islower() else 'It'} is so{close}”"
            pieces.append((len(masked), mark.outer_start, len(stand_in), mark.outer_end - mark.outer_start))
            masked += stand_in
            at = mark.outer_end
        if at < e:
            pieces.append((len(masked), at, e - at, e - at))
            masked += self.text[at:e]
        masked = re.sub(r"''(?=\w)", "``", masked).replace("\n", " ")
        full = [i for i in inside if i in self.full]
        fragments = [i for i in inside if i not in self.full]
        sentence = Sentence(masked, s, e, number, pieces, full, fragments)
        sentence.woven = [
            (sentence.masked_of(self.marked[i].start), sentence.masked_of(self.marked[i].end - 1) + 1)
            for i in fragments
        ]
        return sentence


def titled(words: str) -> bool:
    """Whether the words look like a title: every word of some length has a capital."""
    long = re.findall(r"[^\W\d_]{4,}", words)
    return len(long) > 1 and all(w[0].isupper() for w in long)


def after_dateline(article: Article, start: int) -> int:
    """Return where a text that starts there tells something: behind the place and the agency, if it starts with them.

    That may be so in the first two paragraphs of an article, of which one may be a title.
    """
    if not 0 <= start - article.body <= _TITLE_AND_ONE:
        return start
    before = article.text[article.body : start]
    is_first = "\n" not in before.strip() and before[-1:] in ("", "\n")
    found = _DATELINE.match(article.text, start) if is_first else None
    return found.end() if found else start


def _paragraphs(text: str) -> list[Span]:
    out = []
    for match in re.finditer(r"[^\n]+", text):
        body = match.group()
        if body.strip():
            lead = len(body) - len(body.lstrip())
            out.append((match.start() + lead, match.start() + len(body.rstrip())))
    return out


def _hard_wrapped(text: str) -> bool:
    """Whether single newlines only wrap lines (a plain-text export), so that a quote may run over them."""
    lines = text.split("\n")
    filled = [len(line) for line in lines if line.strip()]
    single = len(re.findall(r"\S\n(?=\S)", text))
    return single >= 4 and "\n\n" in text and max(filled) <= 100 and 2 * sum(n >= 50 for n in filled) > len(filled)
