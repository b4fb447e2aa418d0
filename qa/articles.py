"""Texts -> articles: the text exactly as it was read, and what it says of its title, source and date."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

# What a front matter, a table or a row of JSON may say of an article, and under which names.
FIELDS = {
    "title": ("title", "headline"),
    "authors": ("authors", "author", "byline", "by"),
    "source": ("source", "publisher", "publication", "outlet", "site", "site_name"),
    "date": ("date", "published", "publish_date", "pubdate", "published_at", "datepublished"),
    "url": ("url", "link", "original_url", "source_url", "canonical"),
    "tags": ("tags", "keywords", "categories", "topics"),
    "text": ("text", "body", "content", "article", "maintext"),
    "id": ("id", "guid", "uuid"),
}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    r"\b(?P<iso>\d{4}(?P<between>[-/])\d\d(?P=between)\d\d)(?![\d/-])"
    rf"|\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b"
    rf"|\b(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH.replace('month', 'month2')},?\s+(?P<year2>\d{{4}})\b",
    re.IGNORECASE,
)
_DATE_COMPANY = re.compile(
    r"\b(?:first|last|published|updated|posted|modified|date|on|at|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun"
    r"|day|monday|tuesday|wednesday|thursday|friday|saturday|sunday|[ap]\.?m|gmt|utc|[ecmp][sd]?t|bst|ist)\b\.?"
    r"|\d{1,2}[:.]\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?|T(?=\d)|[\s,:;.()*_–—-]+",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s<>\"'\])]+", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)")
_FIELD = re.compile(
    r"[*_]*(title|source|publisher|authors?|date|published|url|link|original url|tags|keywords)[*_]*:[*_]*\s*(\S.*)",
    re.I,
)
_NAME_JOINERS = frozenset("the and of for in de da di del la van von der bin al & |".split())
_OUTLET_WORDS = frozenset(
    "times post news press journal tribune agency gazette herald guardian telegraph reuters bloomberg observer staff"
    " chronicle independent magazine review network radio television tv bbc cnn afp ap npr tass xinhua interfax"
    " economist dispatch inquirer examiner politico axios".split()
)


class UnreadableArticleError(ValueError):
    """The file is no article that can be read; the message says why, and what to do."""


@dataclass(frozen=True)
class Skipped:
    """A file of the folder, or an article in one, that is not in the library, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Article:
    """One article. ``text`` is the file's, character for character; every offset in the program is into it.

    ``id`` stays the same from run to run and over changes of the text: it is made from the path in the folder.
    ``body`` is where the article's own text begins, after front matter, title, byline and date. ``boilerplate`` are the
    paragraphs (start, end) that its source puts under articles on anything: they are in no passage. ``copies`` are the
    paths of the other files that hold the same text.
    """

    id: str
    title: str
    text: str
    path: str = ""
    source: str | None = None
    authors: tuple[str, ...] = ()
    published: date | None = None
    url: str | None = None
    body: int = 0
    tags: tuple[str, ...] = ()
    boilerplate: tuple[tuple[int, int], ...] = ()
    copies: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, str | None]:
        """Return what names the article, for JSON."""
        published = self.published.isoformat() if self.published else None
        return {
            "id": self.id,
            "title": self.title,
            "source": self.source,
            "path": self.path,
            "published": published,
            "url": self.url,
        }


@dataclass(frozen=True)
class Slice:
    """A stretch of an article. Whatever is shown of an article is one, so that nothing can drift from its text."""

    article: Article
    start: int
    end: int

    @property
    def text(self) -> str:
        """The stretch, as it stands in the article."""
        return self.article.text[self.start : self.end]

    def as_dict(self) -> dict[str, Any]:
        """Return the stretch with its article and offsets, for JSON."""
        return {"text": self.text, "start": self.start, "end": self.end, "article": self.article.as_dict()}


def article_id(path: str) -> str:
    """Return the id of the article at ``path`` in its folder: 12 hexadecimal digits."""
    return hashlib.sha256(path.encode()).hexdigest()[:12]


def decoded(data: bytes, errors: str = "strict") -> str:
    """Return the text of a file. Raises UnreadableArticleError for what is binary or not UTF-8."""
    if b"\0" in data:
        raise UnreadableArticleError("it is not a text file (it holds zero bytes): save it as UTF-8 text")
    try:
        text = data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise UnreadableArticleError(
            f"it is not UTF-8 text (byte 0x{data[error.start]:02x} at {error.start}): save it as UTF-8"
        ) from error
    return text


def parse_article(text: str, path: str, said: Mapping[str, str] | None = None) -> Article:
    """Make an article of ``text``, with what its first and last lines say of it; untitled, it has its file's name.

    ``said`` is what its file says of it (title, source, authors, date, url, tags), which goes before that. Raises
    UnreadableArticleError for a text that is empty.
    """
    if not text.strip("\ufeff \t\r\n\f\v"):
        raise UnreadableArticleError("it is empty")
    fields, position = _front_matter(text)
    fields |= {name: value for name, value in (said or {}).items() if value}
    if _URL.fullmatch(fields.get("source", "")):  # "source:" is as often the page's address as the paper's name
        fields.setdefault("url", fields.pop("source"))
    if not _URL.fullmatch(fields.get("url", "")):
        fields.pop("url", None)
    lines = [(m.start(), m[0].strip("\ufeff \t\r")) for m in re.finditer(r"[^\n]+", text) if m.start() >= position]
    lines = [(start, line) for start, line in lines if line]
    body = lines[0][0] if lines else position
    for number, (start, line) in enumerate(lines[:12]):
        following, next_line = lines[number + 1] if number + 1 < len(lines) else (len(text), "")
        if not _read_head_line(line, fields) and (number > 1 or _plain(line) != fields.get("title")):
            alone = text.count("\n", start, following) > 1 or _read_head_line(next_line, {})
            title = _title(line, alone=alone)
            if title is None or "title" in fields or number > 1:
                break
            fields["title"] = title
        body = following
    else:  # A file that holds nothing but a head is read from its first line.
        body = lines[0][0] if lines else position
    url = fields.get("url") or _last_url(lines)
    names = [name.strip() for name in re.split(r",|;|\band\b|&|\|", fields.get("authors", "")) if name.strip()]
    outlets = [name for name in names if _is_outlet(name, url)]
    host = (urlsplit(url).hostname or "").removeprefix("www.") if url else ""
    in_url = re.search(r"/(\d{4})[/-](\d{1,2})[/-](\d{1,2})\b", url or "")
    return Article(
        id=article_id(path),
        title=fields.get("title") or re.sub(r"[-_\s]+", " ", Path(path).stem).strip() or path,
        text=text,
        path=path,
        source=fields.get("source") or next(iter(outlets), None) or host or None,
        authors=tuple(name for name in names if name not in outlets),
        published=parse_date(fields.get("date", "")) or (_date(*in_url.groups()) if in_url else None),
        url=url,
        body=body,
        tags=tuple(tag.strip() for tag in re.split("[,;]", fields.get("tags", "")) if tag.strip()),
    )


def parse_date(text: str) -> date | None:
    """Return the first date in ``text`` that is written unmistakably: 2014-08-26, August 26, 2014 or 26 Aug. 2014."""
    for found in _DATE.finditer(text):
        if found["iso"]:
            day = _date(*found["iso"].split(found["between"]))
        else:
            month = (found["month"] or found["month2"])[:3].lower()
            day = _date(found["year"] or found["year2"], _MONTHS.index(month) + 1, found["day"] or found["day2"])
        if day:
            return day
    return None


def _date(year: str, month: str | int, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _front_matter(text: str) -> tuple[dict[str, str], int]:
    """Return the fields of a YAML front matter and where the text goes on after it."""
    found = re.match(r"\ufeff?---[ \t]*\r?\n(.{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", text, re.DOTALL)
    if not found:
        return {}, 0
    try:
        # BaseLoader makes nothing but strings, lists and dicts: no dates to be out of range, no "no" turned False.
        matter = yaml.load(found[1], Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}, 0
    if not isinstance(matter, dict):
        return {}, 0
    return fields_of(matter, {}), found.end()


def fields_of(row: Mapping[Any, Any], columns: Mapping[str, str]) -> dict[str, str]:
    """Return what a row or a front matter says under the names that are usual, or under those that ``columns`` give."""
    names = {**FIELDS, **{name: (column.lower(),) for name, column in columns.items()}}
    row = {str(key).lower(): value for key, value in row.items()}
    found = {}
    for name, keys in names.items():
        values = (row.get(key) for key in keys)
        texts = (value if isinstance(value, str) else _flat(value) for value in values)
        found[name] = next((text if name == "text" else _flat(text) for text in texts if text.strip()), "")
    return {name: value for name, value in found.items() if value}


def _flat(value: object) -> str:
    """Return a value as a line of text; a list's parts are joined, anything deeper is left out."""
    values = value if isinstance(value, list) else [value]
    texts = [str(part) for part in values if isinstance(part, str | int) and not isinstance(part, bool)]
    return ", ".join(" ".join(text.split()) for text in texts if text)


def _plain(line: str) -> str:
    """Return a line of Markdown without its links' addresses and emphasis."""
    return _LINK.sub(r"\1", line).strip(" *_#\t")


def _read_head_line(line: str, fields: dict[str, str]) -> bool:
    """Tell whether ``line`` names the article's author, date, source, tags or address, and put that in ``fields``."""
    return _read_field(line, fields) or _read_byline(line, fields) or _read_date(line, fields)


def _read_field(line: str, fields: dict[str, str]) -> bool:
    found = _FIELD.fullmatch(line[:300])
    if not found:
        return False
    name, value = found[1].lower(), found[2].strip()
    url = _URL.search(value)
    if name in ("url", "link", "original url") or (name == "source" and url):
        if not url:
            return False
        fields.setdefault("url", url[0])
    elif name in ("date", "published"):
        if not parse_date(value):
            return False
        fields.setdefault("date", value)
    else:
        own_names = {"author": "authors", "publisher": "source", "keywords": "tags"}
        fields.setdefault(own_names.get(name, name), _plain(value))
    return True


def _read_byline(line: str, fields: dict[str, str]) -> bool:
    """Read "By Jane Doe and John Smith, Reuters | Aug. 26, 2014": names, that is capitalised words, and no more."""
    by, *dates = re.split(r"\s[|·•–—]\s", _plain(line)[:200])
    words = by.replace(",", " , ").split()
    names = words[1:]
    if not names or words[0].lower().rstrip(":") != "by" or len(names) > 16 or not all(map(parse_date, dates)):
        return False
    if not all(name[0].isupper() or name in _NAME_JOINERS or name == "," for name in names) or by.endswith((".", ",")):
        return False
    fields.setdefault("authors", " ".join(names))
    if dates:
        fields.setdefault("date", dates[0])
    return True


def _read_date(line: str, fields: dict[str, str]) -> bool:
    plain = _plain(line[:200])
    if not parse_date(plain) or _DATE_COMPANY.sub("", _DATE.sub("", plain)):
        return False
    fields.setdefault("date", plain)
    return True


def _title(line: str, *, alone: bool) -> str | None:
    """Return the title that ``line`` is, if it reads as one: a heading, or a line that stands alone and no sentence."""
    if re.match(r"#{1,2}\s", line):
        return _plain(line.rstrip("# ")) or None
    plain = _plain(line[:300])
    if not alone or len(plain) > 200 or len(plain.split()) < 3 or re.search(r"[.:;,—–-][\"'”’)]*$", plain):
        return None
    return plain


def _last_url(lines: list[tuple[int, str]]) -> str | None:
    """Return the address that stands alone, or behind a label, on one of the last lines."""
    for _, line in reversed(lines[-5:]):
        found = re.fullmatch(r"(?:[\w\s*]{0,20}:[\s*]*)?<?(https?://[^\s<>\"'\])]+)>?", line, re.IGNORECASE)
        if found:
            return found[1]
    return None


def _is_outlet(name: str, url: str | None) -> bool:
    """Tell whether a byline names a newspaper or an agency rather than a person."""
    words = re.findall(r"\w+", name.lower())
    host = (urlsplit(url).hostname or "") if url else ""
    return bool(words) and (
        words[0] == "the" or words[-1] in _OUTLET_WORDS or (len(words) > 1 and "".join(words) in host)
    )
