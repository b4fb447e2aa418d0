"""Articles -> sentences -> passages, all of them slices of the article's text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache

from qa.articles import Article, Slice

Span = tuple[int, int]

# A passage is filled up to this many tokens. Measured on the dev questions (tests/benchmarks/answers.py).
PASSAGE_TOKENS = 128
# A run of characters that the tokenizer takes for one token (50,000 letters without a space) is cut all the same.
_MOST_CHARACTERS = 4000

_NEVER_LAST = frozenset(
    "Mr Mrs Ms Mx Dr Prof Sen Sens Rep Reps Gov Govs Gen Lt Col Sgt Capt Cmdr Adm Maj Cpl Pvt Rev Hon Pres Amb Supt Det"
    " St Mt Ft vs v Messrs Mme Mlle Msgr Fr Sr. Sra Brig Insp Atty Dist Dept Gens Drs cf approx e.g i.e viz al".split()
)
_BEFORE_NUMBER = frozenset(
    "No Nos Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Art Sec Fig Vol Ch pp p c ca".split()
)
_SELDOM_LAST = frozenset("Inc Corp Co Ltd Jr Sr Bros etc Ave Blvd Rd LLC Cos Assn Intl Univ".split())
_SENTENCE_STARTERS = frozenset(
    "The A An He She It They We I You In On At But And Or So As For If When While After Before Since With However"
    " Meanwhile There This That These Those What Who Why How Where Which Some Many Most One Also Its His Her Their Our"
    " My Yet Then Now Still Both Not No Only All Each Even Although Though Because Under During According Such From By"
    " To Last Another Other More Nearly About Once Until Asked Earlier Later".split()
)
_END = re.compile(r"(?:[.!?…]+|[。！？]+)[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』”’]*")
_SPACE = re.compile(r"\s*")
_WORD_BEFORE = re.compile(r"[\w.&’']+$")
_INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]$")
_NEXT = re.compile(r"\s*([\"'“‘«(\[–—-]*\s?)(\w[\w’']*)?")
# '"Why?" Lavrov asked.' is one sentence: the words after a quoted question name who asked it.
_SPEAKER_NEXT = re.compile(
    r"\s+(?:[A-Z][\w.’'-]*\s+){1,4}(?:said|says|asked|asks|told|wrote|writes|added|replied|cried|shouted|tweeted)\b"
)
_LINE_START = re.compile(r"\s*(?:[-*•+]\s|\d{1,3}[.)]\s|#{1,6}\s|>|\|)")
_HEADING = re.compile(r"\s*(?:#{1,6}\s.*|(?:\*\*|__)[^*_\n]{1,120}(?:\*\*|__):?\s*)", re.DOTALL)
_LINKS = re.compile(r"\[[^\]\n]*\]\([^)\n]*\)|<?https?://[^\s<>]+>?")
_LABEL = re.compile(
    r"(?:see also|related(?: (?:articles?|stories|content|links?|coverage|topics))?|read (?:more|next|also)|"
    r"more (?:on|from|about)\b.{0,60}|original url|source|url|share(?: this.{0,40})?|tags?|filed under|recommended|"
    r"most (?:read|popular)|trending|advertisement|sponsored|you may also like|what to read next|newsletters?|"
    r"contact us|comments?)\s*:?",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"(?:sign up (?:for|to|here)|subscribe (?:to|now|here|for)|click here|follow (?:us|\w+(?: \w+)? on (?:twitter|"
    r"facebook|instagram|x))|read (?:more|also|next)\b|see also\b|related:|more:|(?:get|receive) .{0,60}newsletter|"
    r"all rights reserved|©|copyright \d|this (?:material|article) (?:may not be|was (?:originally|first) )|"
    r"we use cookies|accept (?:all )?cookies|share this|advertisement\b|story continues below|"
    r"support (?:our|independent) journalism|download (?:our|the) app|contributing:|\(?photo(?:graph)?s?(?: by|:))",
    re.IGNORECASE,
)


class Passage(Slice):
    """A run of whole sentences of one article that fits the encoder."""


def split_article(article: Article, token_spans: Callable[[str], list[Span]], token_limit: int) -> list[Passage]:
    """Cut an article into passages that end at sentence ends and never hold more than ``token_limit`` tokens.

    ``token_spans`` gives the character offsets of a text's tokens. Headings, navigation and other boilerplate, by their
    words or because `Article.boilerplate` names them, are in no passage. A sentence above the limit is cut, at a space
    where it has one.
    """
    tokens = token_spans(article.text)
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]

    def length(start: int, end: int) -> int:
        return bisect_left(starts, end) - bisect_right(ends, start)

    def pieces() -> Iterator[Span]:
        for start, end in sentence_spans(article.text, article.body, prose=True):
            if any(first <= start < last for first, last in article.boilerplate):
                continue
            while length(start, end) > token_limit or end - start > _MOST_CHARACTERS:
                last = min(bisect_right(ends, start) + token_limit, len(starts) - 1)
                most = max(start + 1, min(starts[last], start + _MOST_CHARACTERS))
                space = article.text.rfind(" ", start + 1, most)
                cut = space if space > 0 else most
                yield start, cut
                start = _SPACE.match(article.text, cut).end()  # type: ignore[union-attr]  # noqa: PLW2901
            yield start, end

    passages: list[Span] = []
    for start, end in pieces():
        if passages:
            first, last = passages[-1]
            near = not article.text[last:start].strip()
            if near and length(first, end) <= min(PASSAGE_TOKENS, token_limit) and end - first <= _MOST_CHARACTERS:
                passages[-1] = (first, end)
                continue
        passages.append((start, end))
    return [Passage(article, start, end) for start, end in passages]


def sentence_spans(text: str, start: int = 0, end: int | None = None, *, prose: bool = False) -> Iterator[Span]:
    """Yield (start, end) of each sentence of ``text[start:end]``; with ``prose``, of no heading or boilerplate."""
    blocks = paragraph_spans(text, start, end) if prose else _blocks(text, start, len(text) if end is None else end)
    for block in blocks:
        yield from _sentences(text, *block)


def paragraph_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield (start, end) of each paragraph of ``text[start:end]`` whose words show no heading or boilerplate."""
    for first, last in _blocks(text, start, len(text) if end is None else end):
        if not _is_boilerplate(text[first:last]):
            yield first, last


def _blocks(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the paragraphs, without the white space around them; list items and headings are paragraphs, too.

    A single line break ends a paragraph, unless the text is broken into lines of like length (none above 100
    characters), as e-mails and old archives are.
    """
    wrapped = _is_wrapped(text)
    position = start
    for line in re.finditer(r"[^\n]*\n?", text[start:end]):
        line_end = start + line.end()
        following = text[line_end : min(end, line_end + 200)]
        this = line[0].strip()
        soft = (
            wrapped
            and this
            and following.split("\n", 1)[0].strip()
            and not _LINE_START.match(following)
            and not _HEADING.fullmatch(this)
        )
        if not soft:
            block = text[position:line_end]
            if block.strip():
                left = position + len(block) - len(block.lstrip())
                yield left, left + len(block.strip())
            position = line_end


@lru_cache(maxsize=64)
def _is_wrapped(text: str) -> bool:
    return all(len(line) <= 100 for line in text.split("\n"))


def _is_boilerplate(block: str) -> bool:
    if _HEADING.fullmatch(block) or _LABEL.fullmatch(block.strip("*_# ")) or not re.search(r"\w", block):
        return True
    if len(block) < 300 and _BOILERPLATE.match(block):
        return True
    rest = _LINKS.sub("", block)
    if re.search(r"[.!?…。！？][\"'”’»)\]]*$", rest.rstrip()):
        return False
    # Datelines, credits and section names ("Hong Kong CNN —"), and lines that are mostly links.
    return len(re.findall(r"\w+", block)) <= 3 or len(re.findall(r"\w", rest)) < 0.3 * len(re.findall(r"\w", block))


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the sentences of the paragraph ``text[start:end]``."""
    first = start
    for mark in _END.finditer(text, start, end):
        if _ends_sentence(text, mark, end):
            yield first, mark.end()
            first = mark.end()
            while first < end and text[first].isspace():
                first += 1
    if first < end:
        yield first, end


def _ends_sentence(text: str, mark: re.Match[str], end: int) -> bool:
    found = _NEXT.match(text, mark.end(), end)
    opening, word = (found[1], found[2] or "") if found else ("", "")
    if mark[0][0] in "。！？":
        return True
    if word and word[0].islower() and word[0].isascii():
        return False
    if mark[0][0] == "." and mark[0].rstrip("\"'”’»)]") == ".":
        before = _WORD_BEFORE.search(text, max(0, mark.start() - 40), mark.start())
        last = before[0] if before else ""
        if last in _NEVER_LAST:
            return False
        if last in _BEFORE_NUMBER:
            return not word[:1].isdigit()
        if _INITIALS.fullmatch(last) or last in _SELDOM_LAST:
            return word in _SENTENCE_STARTERS or bool(opening.strip(" -–—([")) or not word
    return not (
        mark[0][-1] in "\"'”’»"
        and mark[0][0] in "?!…."
        and _SPEAKER_NEXT.match(text, mark.end(), min(end, mark.end() + 80))
    )
