"""Bytes of each format -> text and what the file says of it. Runs in a process of its own: see `qa.reading`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from email import message_from_bytes, policy
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from qa.articles import UnreadableArticleError, decoded, fields_of

PLAIN = frozenset((".txt", ".md"))
# Files of many articles: each of theirs has a path of its own, behind the file's.
MANY = frozenset((".zip", ".jsonl", ".ndjson", ".csv", ".tsv", ".rss", ".atom", ".xml"))

_SAFE_NAME = re.compile(r"[^\w.@:-]+")
_PAGE_NUMBER = re.compile(r"(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:…][\"'”’»)\]]*$")
# Where a word is divided at a line's end, PDFium puts one of these.
_DIVIDED = ("\ufffe", "\x02", "\xad")


@dataclass(frozen=True)
class Limits:
    """What reading one file may cost; beyond, it is passed over and named.

    ``mb`` of an article's file or text, ``archive_mb`` of a file of many articles, packed and unpacked (megabytes);
    ``seconds`` for an article; ``memory_mb`` of the process that reads (not on Windows).
    """

    mb: int = 50
    archive_mb: int = 2000
    seconds: int = 60
    memory_mb: int = 1500


@dataclass(frozen=True)
class Document:
    """A text with what its file says of it. ``name`` is its place in a file of many; "" in a file of one."""

    name: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """What is no text, by its ``name`` in the file, and why."""

    name: str
    reason: str


Read = Iterator[Document | Unreadable]


def read_documents(
    file: BinaryIO, suffix: str, limits: Limits, columns: Mapping[str, str], passed_over: Collection[str] = ()
) -> Read:
    """Yield what a file holds; one of many articles is never whole in memory.

    ``suffix`` is its format; ``columns`` name the fields of rows that are named otherwise; ``passed_over`` are members
    of an archive that are left out. Raises UnreadableArticleError for what is not of the format.
    """
    if suffix == ".zip":
        yield from _zip(file, limits, columns, passed_over)
    elif suffix in (".jsonl", ".ndjson"):
        yield from _rows(_json_rows(file), columns)
    elif suffix in (".csv", ".tsv"):
        yield from _rows(_table_rows(file), columns)
    elif suffix in (".rss", ".atom", ".xml"):
        yield from _feed(file)
    else:
        text, fields = _ONE[suffix](file.read())
        yield Document("", text, fields)


def _plain(data: bytes) -> tuple[str, dict[str, str]]:
    return decoded(data), {}


def _html(data: bytes) -> tuple[str, dict[str, str]]:
    import trafilatura

    dates = {"extensive_search": False, "original_date": True}
    found = trafilatura.bare_extraction(data, with_metadata=True, include_comments=False, date_extraction_params=dates)
    if found is None:
        return _fragment(decoded(data, "replace")), {}
    said: dict[str, Any] = found if isinstance(found, dict) else found.as_dict()
    names = {"title": "title", "author": "authors", "sitename": "source", "date": "date", "url": "url"}
    fields = {ours: str(said[theirs]) for theirs, ours in names.items() if said.get(theirs)}
    if said.get("tags"):
        fields["tags"] = ", ".join(said["tags"])
    return "\n\n".join(str(said["text"] or "").split("\n")), fields


def _fragment(html: str) -> str:
    """Return the text of HTML that is all text: a chapter, a message, an entry of a feed."""
    if not html.strip():
        return ""
    from inscriptis import get_text
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig

    return str(get_text(html, ParserConfig(css=CSS_PROFILES["strict"], display_links=False))).strip()


def _pdf(data: bytes) -> tuple[str, dict[str, str]]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableArticleError("it wants a password: save it without one") from error
        raise UnreadableArticleError(f"it is no whole PDF ({error}): save it again") from error
    pages = []
    with document:
        for page in document:
            lines = page.get_textpage().get_text_bounded().replace("\r\n", "\n").split("\n")
            pages.append([line.strip(" \t\r\f\v") for line in lines])
        said = document.get_metadata_dict()
    text = _unwrapped(pages)
    if not text:
        raise UnreadableArticleError("it holds no text, only pictures: run it through OCR first")
    # Its date of creation is when somebody printed it, so that is not taken.
    names = {"Title": "title", "Author": "authors", "Keywords": "tags"}
    return text, {ours: said[theirs] for theirs, ours in names.items() if said.get(theirs, "").strip()}


def _unwrapped(pages: list[list[str]]) -> str:
    """Return the lines of pages as paragraphs, without running heads and page numbers."""
    running = Counter(line for lines in pages for line in {*lines[:2], *lines[-2:]} if line)
    kept = [
        line
        for lines in pages
        for place, line in enumerate(lines)
        if line
        and not (_PAGE_NUMBER.fullmatch(line) and min(place, len(lines) - 1 - place) < 2)
        and not (len(pages) > 2 and running[line] > len(pages) / 2)
    ]
    lengths = sorted(len(line) for line in kept)
    full = 0.75 * lengths[int(0.9 * len(lengths))] if lengths else 0
    text, before = "", ""
    for line in kept:
        goes_on = len(before) >= full and not (len(before) < 1.1 * full and _SENTENCE_END.search(before))
        if before.endswith(_DIVIDED):
            text = text[:-1] + line
        elif before and (goes_on or line[0].islower()):
            text += (" " if not before.endswith("-") else "") + line
        else:
            text += ("\n\n" if text else "") + line
        before = line
    return "".join(c for c in text if c not in _DIVIDED)


def _docx(data: bytes) -> tuple[str, dict[str, str]]:
    _require_zip(data, "Word document")
    import docx
    from docx.table import Table

    try:
        document = docx.Document(io.BytesIO(data))
    except (KeyError, ValueError, OSError) as error:
        raise UnreadableArticleError(f"it is no Word document ({error}): save it again as .docx") from error
    blocks = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            blocks += [" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows]
        else:
            blocks.append(block.text.strip())
    said = document.core_properties
    # When the file was made is when a template was, as often as not: that is no date of publication.
    fields = {"title": said.title, "authors": said.author, "tags": said.keywords}
    own = {name: value for name, value in fields.items() if value and value != "python-docx"}
    return "\n\n".join(block for block in blocks if block), own


def _epub(data: bytes) -> tuple[str, dict[str, str]]:
    _require_zip(data, "EPUB")
    try:
        from ebooklib import epub
    except ImportError as error:
        raise UnreadableArticleError("EPUB needs one more package: pip install EbookLib") from error
    try:
        book = epub.read_epub(io.BytesIO(data), options={"ignore_ncx": True})
        parts = [book.get_item_with_id(name) for name, *_ in book.spine]
        pages = [part for part in parts if part is not None and not isinstance(part, epub.EpubNav)]
        chapters = [_fragment(page.get_content().decode("utf-8", "replace")) for page in pages]
    except (epub.EpubException, KeyError, AttributeError, TypeError, OSError) as error:
        raise UnreadableArticleError(f"it is no whole EPUB ({error}): save it again") from error

    def said(name: str) -> str:
        with suppress(KeyError):
            return ", ".join(str(value) for value, _ in book.get_metadata("DC", name) if value)
        return ""

    names = {"title": "title", "creator": "authors", "publisher": "source", "date": "date", "subject": "tags"}
    return "\n\n".join(filter(None, chapters)), {ours: said(theirs) for theirs, ours in names.items() if said(theirs)}


def _require_zip(data: bytes, what: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableArticleError(f"it is no {what} ({error}): save it again") from error
    if size > 100_000_000 + 20 * len(data):
        raise UnreadableArticleError(f"it would unpack to {size // 1_000_000} MB: split it")


def _eml(data: bytes) -> tuple[str, dict[str, str]]:
    message = message_from_bytes(data, policy=policy.default)
    fields: dict[str, str] = {}
    with suppress(Exception):  # headers are parsed when they are asked for, and may be anything
        fields["title"] = str(message["subject"] or "")
    with suppress(Exception):
        name, address = getaddresses([str(message["from"] or "")])[0]
        fields |= {"authors": name, "source": address.partition("@")[2]}
    with suppress(Exception):
        fields["date"] = parsedate_to_datetime(str(message["date"])).date().isoformat()
    texts = []
    for kind in ("plain", "html"):
        part = message.get_body(preferencelist=(kind,))
        if part is None:
            continue
        try:
            text = str(part.get_content())
        except (LookupError, UnicodeError, ValueError, AssertionError):
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        texts.append(text if kind == "plain" else _html(text.encode())[0])
    if not message.keys() or not any(texts):
        raise UnreadableArticleError("it is no e-mail with a text: save it again as .eml")
    plain = texts[0].replace("\r\n", "\n")
    # Many a newsletter's plain part says no more than "open this in a browser".
    return (texts[-1] if len(plain) < 0.2 * len(texts[-1]) else plain), fields


_ONE: dict[str, Callable[[bytes], tuple[str, dict[str, str]]]] = {
    **dict.fromkeys(PLAIN, _plain),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _html),
    ".pdf": _pdf,
    ".docx": _docx,
    ".epub": _epub,
    ".eml": _eml,
}
SUFFIXES = (*sorted(_ONE), *sorted(MANY))


def _feed(file: BinaryIO) -> Read:
    import feedparser

    found = feedparser.parse(file)
    if not found.version and not found.entries:
        raise UnreadableArticleError("it is no RSS or Atom feed")
    source = str(found.feed.get("title", ""))
    for number, entry in enumerate(found.entries, 1):
        key = str(entry.get("id") or entry.get("link") or entry.get("title") or number)
        name = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:12]
        html = max([part.get("value", "") for part in entry.get("content", [])] + [entry.get("summary", "")], key=len)
        when = entry.get("published_parsed") or entry.get("updated_parsed")
        fields = {
            "title": _fragment(str(entry.get("title", ""))),
            "authors": str(entry.get("author", "")),
            "source": source,
            "url": str(entry.get("link", "")),
            "date": "{:04}-{:02}-{:02}".format(*when[:3]) if when else "",
            "tags": ", ".join(str(tag.get("term") or "") for tag in entry.get("tags", [])),
        }
        yield Document(name, _fragment(html), {key: value for key, value in fields.items() if value})


def _json_rows(file: BinaryIO) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(file, 1):
        if line.strip(b"\xef\xbb\xbf \t\r\n"):
            try:
                yield number, json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield number, UnreadableArticleError(f"it is no JSON object ({error})")


def _table_rows(file: BinaryIO) -> Iterator[tuple[int, object]]:
    csv.field_size_limit(2**31 - 1)
    first = file.readline()
    between = max(",;\t", key=lambda mark: first.count(mark.encode()))
    file.seek(0)
    try:
        yield from enumerate(csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline=""), delimiter=between), 1)
    except csv.Error as error:
        raise UnreadableArticleError(f"it is no table ({error}): save it again as .csv") from error
    except UnicodeDecodeError as error:
        raise UnreadableArticleError(f"it is not UTF-8 text ({error.reason}): save it as UTF-8") from error


def _rows(rows: Iterator[tuple[int, object]], columns: Mapping[str, str]) -> Read:
    """Yield the article of each row, named by its id, where it has one, or by its number."""
    named: set[str] = set()
    for number, row in rows:
        try:
            if isinstance(row, UnreadableArticleError):
                raise row
            if not isinstance(row, dict):
                raise UnreadableArticleError("it is no object with fields")
            fields = fields_of(row, columns)
            text = fields.pop("text", "")
            if not text.strip():
                there = ", ".join(sorted(str(key) for key in row if key)[:8])
                raise UnreadableArticleError(
                    f"it has no text (its fields are {there}): say which field holds it with --field text=NAME"
                )
            name = _SAFE_NAME.sub("-", fields.pop("id", "")).strip("-")[:80]
            if name in named:
                raise UnreadableArticleError(f"another row has the id {name!r}: give each its own")
            named.add(name or str(number))
            yield Document(name or str(number), text, fields)
        except UnreadableArticleError as error:
            yield Unreadable(str(number), str(error))


def _zip(file: BinaryIO, limits: Limits, columns: Mapping[str, str], passed_over: Collection[str]) -> Read:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise UnreadableArticleError(f"it is no whole .zip file ({error}): pack it again") from error
    left = limits.archive_mb * 1_000_000
    read: set[str] = set()
    for info in archive.infolist():
        hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in info.filename.split("/"))
        if info.is_dir() or hidden or info.filename in passed_over:
            continue
        try:
            suffix = _format_in_archive(info.filename)
            if info.filename in read:
                raise UnreadableArticleError("the archive holds another file of this name")
            if info.file_size > min(limits.mb * 1_000_000, left):
                raise UnreadableArticleError(f"it unpacks to more than {limits.mb} MB, or the archive to too much")
            left -= info.file_size
            read.add(info.filename)
            yield Unreadable(info.filename, "")  # what is being read, should it end this process
            for found in read_documents(io.BytesIO(archive.read(info)), suffix, limits, columns):
                name = f"{info.filename}/{found.name}" if found.name else info.filename
                if isinstance(found, Document):
                    yield Document(name, found.text, found.fields)
                else:
                    yield Unreadable(name, found.reason)
        except UnreadableArticleError as error:
            yield Unreadable(_shown(info.filename), str(error))
        except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, NotImplementedError, ValueError) as error:
            yield Unreadable(info.filename, f"it cannot be unpacked ({error}): pack it again")
        except Exception as error:  # whatever a format's library raises costs the one file
            yield Unreadable(info.filename, _broken(error))


def _format_in_archive(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise UnreadableArticleError("its name climbs out of the archive: pack it again")
    if not name.isprintable():
        raise UnreadableArticleError("its name holds characters that cannot be printed: rename it")
    suffix = path.suffix.lower()
    if suffix == ".zip" or suffix not in SUFFIXES:
        formats = ", ".join(name for name in SUFFIXES if name != ".zip")
        raise UnreadableArticleError(f"files of this kind are not read from archives: there are {formats}")
    return suffix


def _broken(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it takes too much memory to read: split it"
    return f"it is damaged or no file of its format ({type(error).__name__}: {str(error)[:100]}): save it again"


def _shown(text: str) -> str:
    """Return a text as it can be kept and printed: whole characters, and in names none that steer."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[:300]


def _kept(text: str) -> str:
    """Return a text without halves of characters and zero bytes, which can be neither kept nor shown."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def answered(request: Mapping[str, Any], limits: Limits) -> Iterator[dict[str, Any]]:
    """Yield what a file holds, as it is sent: each a `Document` or `Unreadable` as a dict. Raises nothing."""
    try:
        suffix, columns, passed_over = request["suffix"], request["columns"], frozenset(request["passed_over"])
        with Path(request["file"]).open("rb") as file:
            for found in read_documents(file, suffix, limits, columns, passed_over):
                if isinstance(found, Unreadable):
                    yield asdict(found)
                elif len(found.text) > limits.mb * 1_000_000:
                    yield asdict(Unreadable(found.name, f"its text is longer than {limits.mb} MB: split it"))
                else:
                    fields = {name: _kept(" ".join(value.split())) for name, value in found.fields.items()}
                    yield asdict(Document(_shown(found.name), _kept(found.text), fields))
    except UnreadableArticleError as error:
        yield asdict(Unreadable("", str(error)))
    except Exception as error:  # whatever a format's library raises costs the one file
        yield asdict(Unreadable("", _broken(error)))


def main() -> None:
    """Answer requests, a JSON line each, with JSON lines: what was found, and an empty one at the end."""
    limits = Limits(**json.loads(sys.argv[1]))
    _limit_memory(limits)
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        for said in answered(json.loads(line), limits):
            print(json.dumps(said), file=answers, flush=True)
        print(file=answers, flush=True)


def _limit_memory(limits: Limits) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = limits.memory_mb * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
