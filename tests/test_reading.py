"""Files of every format are read, exactly and within limits; whatever is wrong with one costs no other article."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.articles import Article, Skipped, parse_article
from qa.formats import SUFFIXES, Limits, answered
from qa.reading import IGNORED, FileReader, article_paths, leave_out, left_out

SAID = "The mayor said that the bridge & the road would close. “There was no money,” she said."
MORE = "Some 30,000 cars cross the bridge each day, and two boats have been hired from the next county."
LIMITS = Limits()


@pytest.fixture
def reader() -> Iterator[FileReader]:
    with FileReader(LIMITS, {}) as reader:
        yield reader


def read(reader: FileReader, folder: Path, name: str, data: bytes | str) -> list[Article | Skipped]:
    file = folder / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(reader.read(file, name))


def article_in(found: list[Article | Skipped]) -> Article:
    assert len(found) == 1
    assert isinstance(found[0], Article), found[0]
    return found[0]


def reasons(found: list[Article | Skipped]) -> dict[str, str]:
    return {skip.path: skip.reason for skip in found if isinstance(skip, Skipped)}


def page(body: str = f"<p>{SAID.replace('&', '&amp;')}</p><p>{MORE}</p>" * 3, head: str = "") -> str:
    return (
        "<!doctype html><html><head><meta charset=utf-8><title>Bridge closed | Gazette</title>"
        '<meta property="og:title" content="Bridge closed"><meta property="og:site_name" content="Town Gazette">'
        '<meta property="article:published_time" content="2024-05-02T10:00:00Z"><meta name=author content="Anna Berg">'
        f"{head}</head><body><nav><a href=/>Home</a> <a href=/sport>Sport and more</a></nav>"
        f"<main><article><h1>Bridge closed</h1>{body}</article></main>"
        "<aside>Most read: <a href=/eggs>Ten ways to cook eggs</a></aside><script>alert('boo')</script>"
        "<footer>All rights reserved. Accept all cookies.</footer></body></html>"
    )


def pdf(*pages: list[str], encrypt: str = "") -> bytes:
    """A PDF with a line of text a string, made by hand."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for lines in pages:
        text = " T* ".join("(" + line.replace("(", r"\(").replace(")", r"\)") + ") Tj" for line in lines)
        content = f"BT /F1 10 Tf 14 TL 40 800 Td {text} ET"
        kids.append(f"{len(objects) + 1} 0 R")
        font = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects) + 2} 0 R"
            f" /Resources << {font} >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append("<< /Title (Bridge closed) /Author (Anna Berg) /CreationDate (D:20200101000000Z) >>")
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R {encrypt}>>"
    return (
        data
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer\n{trailer}\nstartxref\n{len(data)}\n%%EOF\n"
        ).encode()
    )


def docx_file() -> bytes:
    import docx

    document: Any = docx.Document()
    document.core_properties.title, document.core_properties.author = "Bridge closed", "Anna Berg"
    document.add_heading("Bridge closed", 0)
    document.add_paragraph("May 2, 2024")
    document.add_paragraph(SAID)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Cars a day", "30,000"
    document.add_paragraph(MORE)
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def epub_file() -> bytes:
    from ebooklib import epub

    book = epub.EpubBook()
    book.set_title("Bridges")
    book.add_author("Anna Berg")
    book.add_metadata("DC", "date", "2024-05-02")
    book.add_metadata("DC", "publisher", "Gazette Press")
    chapters = []
    for number, text in enumerate((SAID, MORE)):
        chapter = epub.EpubHtml(title=f"C{number}", file_name=f"c{number}.xhtml")
        chapter.content = f"<html><body><h1>Part {number}</h1><p>{text.replace('&', '&amp;')}</p></body></html>"
        book.add_item(chapter)
        chapters.append(chapter)
    book.toc, book.spine = chapters, ["nav", *chapters]
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    data = io.BytesIO()
    epub.write_epub(data, book)
    return data.getvalue()


def zip_file(members: dict[str, bytes | str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_a_web_page_is_its_article_without_menus_and_adverts(reader: FileReader, tmp_path: Path) -> None:
    article = article_in(read(reader, tmp_path, "a.html", page()))
    assert (article.title, article.source, article.authors) == ("Bridge closed", "Town Gazette", ("Anna Berg",))
    assert article.published == date(2024, 5, 2)
    assert SAID in article.text
    assert MORE in article.text
    assert not [word for word in ("Home", "eggs", "cookies", "boo", "<p>") if word in article.text]
    assert article.text[article.body :].startswith(SAID)


def test_a_pdf_is_read_in_paragraphs_without_running_heads_and_page_numbers(reader: FileReader, tmp_path: Path) -> None:
    pages = [
        [
            "Town Gazette",
            f"Page {n}",
            f"Story {n} says that the old bridge over the river was closed on a",
            f"Monday {n}.",
        ]
        for n in (1, 2, 3)
    ]
    article = article_in(read(reader, tmp_path, "a.pdf", pdf(*pages)))
    assert article.text == "\n\n".join(
        f"Story {n} says that the old bridge over the river was closed on a Monday {n}." for n in (1, 2, 3)
    )
    assert (article.title, article.authors) == ("Bridge closed", ("Anna Berg",))
    assert article.published is None  # a file's date is not the article's


def test_a_word_document_keeps_its_order_and_loses_no_character(reader: FileReader, tmp_path: Path) -> None:
    article = article_in(read(reader, tmp_path, "a.docx", docx_file()))
    assert article.text == f"Bridge closed\n\nMay 2, 2024\n\n{SAID}\n\nCars a day | 30,000\n\n{MORE}"
    assert (article.title, article.authors, article.published) == ("Bridge closed", ("Anna Berg",), date(2024, 5, 2))


def test_an_epub_is_one_article_of_its_chapters(reader: FileReader, tmp_path: Path) -> None:
    article = article_in(read(reader, tmp_path, "a.epub", epub_file()))
    assert article.text == f"Part 0\n\n{SAID}\n\nPart 1\n\n{MORE}"
    assert (article.title, article.source, article.published) == ("Bridges", "Gazette Press", date(2024, 5, 2))


def test_an_e_mail_has_its_subject_sender_and_date(reader: FileReader, tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "Bridge closed – für lange", "Anna Berg <anna@gazette.example>"
    message["Date"] = "Thu, 02 May 2024 23:00:00 -0500"
    message.set_content(f"{SAID}\n\n{MORE}")
    message.add_alternative(page(), subtype="html")
    article = article_in(read(reader, tmp_path, "a.eml", bytes(message)))
    assert article.text == f"{SAID}\n\n{MORE}\n"
    assert (article.title, article.source, article.authors, article.published) == (
        "Bridge closed – für lange", "gazette.example", ("Anna Berg",), date(2024, 5, 2),
    )  # fmt: skip


def test_a_newsletter_whose_plain_part_says_nothing_is_read_from_its_html(reader: FileReader, tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "News"
    message.set_content("Open this in a browser.")
    message.add_alternative(page(), subtype="html")
    assert SAID in article_in(read(reader, tmp_path, "a.eml", bytes(message))).text


def test_rows_are_articles_named_by_their_ids(reader: FileReader, tmp_path: Path) -> None:
    rows = [
        {
            "id": "x/1",
            "headline": "One",
            "body": SAID,
            "published": "2024-05-02T10:00:00Z",
            "authors": ["A. B", "C. D"],
        },
        {"title": "Two", "text": MORE, "url": "https://news.example/a"},
        {"id": "x/1", "text": "Again."},
        {"title": "No text"},
        "a string",
    ]
    found = read(reader, tmp_path, "r.jsonl", "\n".join(map(json.dumps, rows)) + "\n{broken\n\n")
    articles = [item for item in found if isinstance(item, Article)]
    assert [(a.path, a.title, a.text) for a in articles] == [
        ("r.jsonl#x-1", "One", SAID),
        ("r.jsonl#2", "Two", MORE),
    ]
    assert (articles[0].authors, articles[0].published) == (("A. B", "C. D"), date(2024, 5, 2))
    assert articles[1].source == "news.example"
    assert {path: reason.split(":")[0] for path, reason in reasons(found).items()} == {
        "r.jsonl#3": "another row has the id 'x-1'",
        "r.jsonl#4": "it has no text (its fields are title)",
        "r.jsonl#5": "it is no object with fields",
        "r.jsonl#6": "it is no JSON object (Expecting property name enclosed in double quotes",
    }


def test_the_fields_of_a_table_are_named_by_option(tmp_path: Path) -> None:
    with FileReader(LIMITS, {"text": "Wortlaut", "title": "Kopf"}) as reader:
        article = article_in(read(reader, tmp_path, "t.csv", f'Kopf;Wortlaut;Date\nBrücke;"{SAID}";2024-05-02\n'))
    assert (article.title, article.text, article.published) == ("Brücke", SAID, date(2024, 5, 2))


def test_a_feed_has_an_article_an_entry(reader: FileReader, tmp_path: Path) -> None:
    feed = (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Gazette &amp; Co</title><item><title>One</title>'
        "<link>https://g.example/1</link><pubDate>Thu, 02 May 2024 10:00:00 GMT</pubDate><description>"
        f"&lt;p&gt;{SAID.replace('&', '&amp;amp;')}&lt;/p&gt;&lt;p&gt;{MORE}&lt;/p&gt;</description></item>"
        "</channel></rss>"
    )
    article = article_in(read(reader, tmp_path, "f.rss", feed))
    assert article.text == f"{SAID}\n\n{MORE}"
    assert (article.title, article.source, article.url) == ("One", "Gazette & Co", "https://g.example/1")
    assert article.published == date(2024, 5, 2)


def test_an_archives_members_are_articles_and_none_costs_another(reader: FileReader, tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {
        "in/a.html": page(),
        "../out.txt": "It climbs.",
        "/root.txt": "It climbs.",
        "bad.docx": b"PK\x03\x04 no",
        "b.pdf": b"%PDF-1.4 broken",
        "new\nline.txt": "x",
        "inner.zip": zip_file({"c.txt": "Deep."}),
        "picture.png": b"\x89PNG",
        ".hidden.txt": "x",
        "rows.jsonl": json.dumps({"id": 7, "text": MORE}),
        "last.txt": SAID,
    }
    found = read(reader, tmp_path, "p.zip", zip_file(members))
    assert [a.path for a in found if isinstance(a, Article)] == [
        "p.zip/in/a.html", "p.zip/rows.jsonl/7", "p.zip/last.txt",
    ]  # fmt: skip
    assert list(reasons(found)) == [
        "p.zip/../out.txt", "p.zip//root.txt", "p.zip/bad.docx", "p.zip/b.pdf",
        "p.zip/new\N{REPLACEMENT CHARACTER}line.txt", "p.zip/inner.zip", "p.zip/picture.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "it is empty"),
        ("a.txt", b"\xef\xbb\xbf \n\t", "it is empty"),
        ("a.md", b"\x89PNG\0\0", "it is not a text file (it holds zero bytes): save it as UTF-8 text"),
        ("a.txt", "naïve".encode("latin-1"), "it is not UTF-8 text (byte 0xef at 2): save it as UTF-8"),
        ("a.pdf", b"%PDF-1.7 and no more", "it is no whole PDF"),
        ("a.pdf", pdf([]), "it holds no text, only pictures: run it through OCR first"),
        ("a.docx", b"PK no", "it is no Word document"),
        ("a.docx", zip_file({"a.txt": "x"}), "it is no Word document"),
        ("a.epub", zip_file({"mimetype": "application/epub+zip"}), "it is no whole EPUB"),
        ("a.eml", b"", "it is no e-mail with a text"),
        ("a.zip", b"PK\x05\x06 no", "it is no whole .zip file"),
        ("a.zip", zip_file({}), "it holds no articles"),
        ("a.jsonl", b"\n\n", "it holds no articles"),
        ("a.rss", b"<rss", "it is no RSS or Atom feed"),
        ("a.xml", b"<html><body>x</body></html>", "it is no RSS or Atom feed"),
        ("a.csv", b"\xff\xfe", "it is not UTF-8 text"),
        ("a.html", b"<html></html>", "it is empty"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(
    reader: FileReader, tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    found = read(reader, tmp_path, name, data)
    assert list(reasons(found)) == [name]
    assert reasons(found)[name].startswith(reason)


def test_a_pdf_with_a_password_says_so(reader: FileReader, tmp_path: Path) -> None:
    lock = (
        "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <"
        + "41" * 32
        + "> /U <"
        + "42" * 32
        + "> >> /ID [<00> <00>] "
    )
    found = read(reader, tmp_path, "a.pdf", pdf(["x"], encrypt=lock))
    assert reasons(found) == {"a.pdf": "it wants a password: save it without one"}


def test_bombs_are_defused_in_no_time(tmp_path: Path) -> None:
    limits = Limits(mb=5, archive_mb=10, seconds=20, memory_mb=600)
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laughs = (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{entities}]>'
        '<rss version="2.0"><channel><title>&l9;</title></channel></rss>'
    )
    with_laughs = zip_file({"word/document.xml": laughs, "[Content_Types].xml": laughs, "_rels/.rels": laughs})
    bombs = {
        "zeros.zip": zip_file({f"{n}.txt": b"a" * 4_000_000 for n in range(8)}),
        "big.zip": zip_file({"a.txt": b"a" * 6_000_000}),
        "laughs.rss": laughs.encode(),
        "laughs.docx": with_laughs,
        "laughs.epub": zip_file({"META-INF/container.xml": laughs, "mimetype": "application/epub+zip"}),
        "zeros.docx": zip_file({"word/document.xml": b"a" * 200_000_000}),
        "deep.html": ("<div>" * 200_000 + SAID).encode(),
        "deep.jsonl": ("[" * 200_000).encode(),
        "large.txt": b"a" * 5_000_001,
    }
    started = time.monotonic()
    found = {}
    with FileReader(limits, {}) as reader:
        for name, data in bombs.items():
            found[name] = read(reader, tmp_path, name, data)
        after = article_in(read(reader, tmp_path, "after.html", page()))
    assert SAID in after.text
    assert time.monotonic() - started < 60
    assert [type(item).__name__ for item in found["zeros.zip"]] == ["Article"] * 2 + ["Skipped"] * 6
    for name in ("big.zip", "zeros.docx", "laughs.docx", "laughs.epub", "deep.jsonl", "large.txt"):
        assert not [item for item in found[name] if isinstance(item, Article)], name
    for items in found.values():
        assert sum(len(item.text) for item in items if isinstance(item, Article)) < 10_000_000


def test_an_external_entity_brings_in_no_file(reader: FileReader, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("THE-SECRET")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    feed = (
        f'<?xml version="1.0"?>{entity}<rss version="2.0"><channel><title>&e;</title><item><title>&e; a</title>'
        f"<description>&e; {SAID}</description></item></channel></rss>"
    )
    container = (
        f'<?xml version="1.0"?>{entity}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="&e;"/></rootfiles></container>'
    )
    document = (
        f'<?xml version="1.0"?>{entity}<w:document '
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:body></w:document>"
    )
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx_file())) as old, zipfile.ZipFile(data, "w") as new:
        for info in old.infolist():
            new.writestr(info, document if info.filename == "word/document.xml" else old.read(info))
    for name, content in (
        ("f.rss", feed.encode()),
        ("a.epub", zip_file({"META-INF/container.xml": container})),
        ("a.docx", data.getvalue()),
        ("a.html", page(head=entity).encode()),
    ):
        assert "THE-SECRET" not in str(read(reader, tmp_path, name, content)), name


def test_a_file_that_takes_too_long_is_named_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "code"
    slow.mkdir()
    # Python imports this at the start of every process: reading "slow" never ends, reading "dead" ends the process.
    (slow / "sitecustomize.py").write_text(
        "import pathlib, time, os\nreal = pathlib.Path.open\n"
        "def opened(path, *how, **more):\n"
        "    if path.stem == 'slow': time.sleep(60)\n    if path.stem == 'dead': os._exit(1)\n"
        "    return real(path, *how, **more)\n"
        "pathlib.Path.open = opened\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(slow))
    with FileReader(Limits(seconds=3), {}) as reader:
        assert reasons(read(reader, tmp_path, "slow.html", page())) == {
            "slow.html": "it takes longer than 3 s to read: split it"
        }
        assert reasons(read(reader, tmp_path, "dead.html", page()))["dead.html"].startswith(
            "reading it ended the process"
        )
        assert article_in(read(reader, tmp_path, "good.html", page())).title == "Bridge closed"


def test_a_member_that_ends_the_process_costs_no_other_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "sitecustomize.py").write_text(
        "import os, zipfile\nreal = zipfile.ZipFile.read\n"
        "def read(archive, info, *rest):\n    if 'dead' in info.filename: os._exit(1)\n"
        "    return real(archive, info, *rest)\n"
        "zipfile.ZipFile.read = read\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(code))
    members: dict[str, bytes | str] = {
        "a.txt": "One.",
        "dead.txt": "x",
        "b.txt": "Two.",
        "dead2.txt": "x",
        "c.txt": "3.",
    }
    with FileReader(LIMITS, {}) as reader:
        found = read(reader, tmp_path, "p.zip", zip_file(members))
    assert [item.path for item in found] == [f"p.zip/{name}" for name in members]
    assert [isinstance(item, Article) for item in found] == [True, False, True, False, True]


def test_a_file_of_many_articles_is_never_whole_in_memory(tmp_path: Path) -> None:
    row = json.dumps({"text": "word " * 800_000})
    with (tmp_path / "r.jsonl").open("w") as file:
        file.writelines(f"{row}\n" for _ in range(110))
    with zipfile.ZipFile(tmp_path / "r.zip", "w", zipfile.ZIP_STORED) as archive:
        for number in range(110):
            archive.writestr(f"{number}.txt", "word " * 800_000)
    with FileReader(Limits(memory_mb=420), {}) as reader:
        for name in ("r.jsonl", "r.zip"):
            assert (tmp_path / name).stat().st_size > 430_000_000
            found = [isinstance(item, Article) for item in reader.read(tmp_path / name, name)]
            assert found == [True] * 110


def test_reading_keeps_within_its_memory(tmp_path: Path) -> None:
    rows = json.dumps({"text": "word " * 8_000_000})
    with FileReader(Limits(memory_mb=400), {}) as reader:
        found = read(reader, tmp_path, "r.jsonl", rows)
    assert not [item for item in found if isinstance(item, Article)]
    assert "memory" in next(iter(reasons(found).values()))


# What fuzzing found, or would have found first.
REGRESSIONS = [
    (".html", b"<!DOCTYPE html><!--"),
    (".html", b"<html><meta charset='no-such-charset'><p>" + SAID.encode()),
    (".jsonl", b'{"text": "\\ud800 half a character", "title": "\\u0000"}'),
    (".eml", b"From: =?utf-8?q?=ff?= <>\nDate: 32 Juni 2024\nContent-Type: text/plain; charset=x-no\n\nhello there"),
    (".eml", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n--a--"),
    (".csv", b'a,b\n"unclosed'),
    (
        ".rss",
        b"<rss version='2.0'><channel><item><pubDate>32 Juni</pubDate><description>x</description></item></channel>",
    ),
    (".zip", b"PK\x05\x06" + b"\0" * 18),
]


def all_of(data: bytes, suffix: str, folder: Path) -> list[dict[str, Any]]:
    """What the reading process would send, read in this one."""
    file = folder / f"a{suffix}"
    file.write_bytes(data)
    return list(answered({"file": str(file), "suffix": suffix, "columns": {}, "passed_over": []}, LIMITS))


@pytest.mark.parametrize(("suffix", "data"), REGRESSIONS)
def test_what_fuzzing_found_is_read_or_named(reader: FileReader, tmp_path: Path, suffix: str, data: bytes) -> None:
    for item in read(reader, tmp_path, f"a{suffix}", data):
        text = item.text if isinstance(item, Article) else item.reason
        assert text.strip()
        text.encode()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([s for s in SUFFIXES if s not in (".pdf", ".epub", ".docx")]), st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_named(suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for said in all_of(data, suffix, Path(folder)):
            assert "text" in said or said["reason"]
            json.dumps(said).encode()
            said.get("text", "").encode()


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), st.text(max_size=9))
def test_a_row_of_anything_is_an_article_or_named(value: Any, name: str) -> None:
    row = json.dumps({"text": value, "title": value, "id": value, "date": value, name: value})
    with tempfile.TemporaryDirectory() as folder:
        (said,) = all_of(row.encode(), ".jsonl", Path(folder))
    if "text" in said and said["text"].strip():
        assert parse_article(said["text"], "a.jsonl#1", said["fields"]).text == said["text"]


def test_damaged_files_are_read_or_named_and_nothing_else(reader: FileReader, tmp_path: Path) -> None:
    rng = random.Random(3)
    whole = {
        ".pdf": pdf(["The bridge was closed.", "It was old."]), ".docx": docx_file(), ".epub": epub_file(),
        ".zip": zip_file({"a.html": page(), "b.txt": SAID}), ".html": page().encode(),
    }  # fmt: skip
    for number in range(60):
        suffix = rng.choice(list(whole))
        data = bytearray(whole[suffix])
        for _ in range(rng.randint(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        cut = bytes(data[: rng.randrange(len(data))]) if number % 3 == 0 else bytes(data)
        for item in read(reader, tmp_path, f"{number}{suffix}", cut):
            assert isinstance(item, Article) or item.reason


def test_the_folder_is_walked_in_order_and_what_is_passed_over_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("b.txt", "a.MD", "sub/c.txt", ".hidden/d.txt", ".DS_Store", "picture.png", "new\nline.txt"):
        (folder / name).write_text("x")
    (folder / "bidi\u202etxt.exe.txt").write_text("x")
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    os.mkfifo(folder / "pipe.txt")
    walked = [(path, (reason or "").split(":")[0]) for path, _, reason in article_paths(folder)]
    assert walked == [
        ("a.MD", ""),
        ("b.txt", ""),
        ("bidi\N{REPLACEMENT CHARACTER}txt.exe.txt", "its name holds characters that cannot be printed"),
        ("link.txt", "it is a link to a file outside the folder"),
        ("new\N{REPLACEMENT CHARACTER}line.txt", "its name holds characters that cannot be printed"),
        ("picture.png", "files of this kind are not read"),
        ("sub/c.txt", ""),
    ]


def test_a_file_that_the_system_refuses_is_refused_with_its_reason(reader: FileReader, tmp_path: Path) -> None:
    found = list(reader.read(tmp_path / "gone.txt", "gone.txt"))
    assert found == [Skipped("gone.txt", "it cannot be read (No such file or directory): check its permissions")]


def test_what_is_left_out_is_written_in_the_form_of_gitignore(tmp_path: Path) -> None:
    names = ["a.txt", "b [1].txt", "sub/#c!.txt", "star*.txt", "d.txt"]
    (tmp_path / "sub").mkdir()
    for name in [*names, "starry.txt", "sub/a.txt"]:
        (tmp_path / name).write_text("x")
    (tmp_path / IGNORED).write_text("# drafts\n/d.txt")
    leave_out(tmp_path, names[:4])
    assert [path for path, *_ in article_paths(tmp_path)] == ["starry.txt", "sub/a.txt"]
    assert (tmp_path / IGNORED).read_text().startswith("# drafts\n/d.txt\n/a.txt\n")
    (tmp_path / IGNORED).write_bytes(b"\xff")
    with pytest.raises(ValueError, match="mend it or remove it"):
        left_out(tmp_path)


def test_zlib_and_struct_damage_in_an_archive_costs_only_its_member(reader: FileReader, tmp_path: Path) -> None:
    data = bytearray(zip_file({"a.txt": SAID * 50, "b.txt": MORE}))
    size = struct.unpack("<I", data[18:22])[0]
    data[40 + size // 2] ^= 0xFF
    assert zlib.crc32(bytes(data)) != 0
    found = read(reader, tmp_path, "p.zip", bytes(data))
    assert [(item.path, isinstance(item, Article)) for item in found] == [("p.zip/a.txt", False), ("p.zip/b.txt", True)]
