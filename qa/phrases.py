"""The noun phrases of a question: its names, and its things with an article."""

from __future__ import annotations

import re
from typing import NamedTuple

from qa.questions import is_function_word

_TOKEN = re.compile(r"[^\s,;:?!()]+")
_DETERMINERS = frozenset("the a an".split())
# What ends a noun phrase, beside function words, but for right after its article: "the last train", "had it last been".
_ADVERBS = frozenset("last first ever never again still yet already exactly actually today yesterday now say".split())
DO = frozenset("did does do will would can could should".split())
BE = frozenset("was were is are has have had".split())
_PARTICIPLE = re.compile(
    r"\w+(?:ed|en|ing)|built|made|found|held|put|sold|told|paid|lost|won|left|cut|hit|set|shut|born|brought|caught|sent"
    r"|spent|kept|led|met|hurt|bought|taught|said|struck|sunk|torn|worn|begun|run|sung",
)
# What is a verb where it comes second: "did the talks take place".
VERBS = frozenset(
    "agree ask become begin break bring build buy call cause close come cost cross cut decide die do drop earn"
    " employ end fall find get give go grow happen have help hit hold hurt join keep kill know last lead leave"
    " lose make mean meet move need offer open own pay play produce put reach run say see sell send serve show"
    " sign spend stand start stay stop take tell think use vote wait want win work write".split()
)
_MANY = re.compile(r"(?:people|children|men|women|police|\w*[^\Wsui]s)(?=$|\sof\s|\sin\s)", re.IGNORECASE)


class Thing(NamedTuple):
    """A noun phrase of a question, the word before it, and where it stands."""

    words: str
    before: str
    start: int
    end: int

    @property
    def is_name(self) -> bool:
        """Tell whether it has a word with a capital."""
        return any(word[:1].isupper() for word in self.words.split())


def things_in(question: str) -> list[Thing]:
    """Return the names and the things with an article in a question, in their order.

    No tagger reads it: a phrase goes on to the next function word, and what must be the verb is taken from its end
    ("did work on the dam stop in June" has a dam, "was the new dam built" too).
    """
    tokens = list(_TOKEN.finditer(question))
    words = [token[0] for token in tokens]
    inverted = next((word.lower() for word in words[:4] if word.lower() in DO | BE), "")
    found: list[Thing] = []
    i = 1 if words and words[0][:1].isupper() else 0
    while i < len(words):
        end = _phrase_end(words, i, inverted, first=not found)
        if end <= i:
            i += 1
            continue
        start, stop = tokens[i].start(), tokens[end - 1].end()
        text = re.sub(r"['’]s$", "", question[start:stop].rstrip("."))
        found.append(Thing(text, words[i - 1].lower() if i else "", start, start + len(text)))
        i = end
    return found


def _phrase_end(words: list[str], i: int, inverted: str, *, first: bool) -> int:
    """Return where the phrase that begins at a word ends; there itself where none begins."""
    j, has_article = i, words[i].lower() in _DETERMINERS
    j += has_article
    begin = j
    while j < len(words) and (_is_capital(words[j]) or _joins(words, j, begin)):
        j += 1
    lower = j
    if has_article:
        while j < len(words) and j - begin < 5 and _may_go_on(words[j], opens=j == begin):
            j += 1
        j = _without_verb(words, lower, j, inverted if first else "")
    if j == begin:
        return i
    if j + 1 < len(words) and words[j] == "of" and has_article:
        at = j + 1 + (words[j + 1].lower() in _DETERMINERS)
        if at < len(words) and (_is_capital(words[at]) or words[at].isdigit() or at > j + 1):
            return max(at + 1, _phrase_end(words, j + 1, inverted, first=first))
    return j


def _joins(words: list[str], j: int, begin: int) -> bool:
    return (
        j > begin
        and words[j] in ("of", "de", "van", "von", "al", "&")
        and j + 1 < len(words)
        and _is_capital(words[j + 1])
    )


def _is_capital(word: str) -> bool:
    return word[:1].isupper() and word != "I"


def _may_go_on(word: str, *, opens: bool) -> bool:
    low = word.lower()
    return word[:1].isalpha() and not is_function_word(low) and (opens or low not in _ADVERBS)


def _without_verb(words: list[str], lower: int, end: int, inverted: str) -> int:
    """Return the end of a phrase without the verb that an inverted question has after its subject.

    Its words from ``lower`` on have no capital; one of them is its noun, where no name stands before.
    """
    after = words[end].lower() if end < len(words) else ""
    least = lower + (not _is_capital(words[lower - 1]))
    if end <= least or after == "of":
        return end
    if inverted in DO:
        follows = any(word.lower() in VERBS for word in words[end:])  # "did the old bridge in Varde close"
        return next((i for i in range(least, end) if words[i].lower() in VERBS), end if follows else end - 1)
    if inverted in BE:
        done = next((i for i in range(least, end) if _PARTICIPLE.fullmatch(words[i].lower())), end)
        return end - 1 if done == end and not after and words[0].lower() in BE else done  # "is the dam safe?"
    return end


def is_plural(phrase: str) -> bool:
    """Tell whether a phrase is of more than one, by its form."""
    return bool(_MANY.search(phrase.partition(" of ")[0]))
