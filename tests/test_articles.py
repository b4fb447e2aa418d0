"""Reading files: exact text, honest metadata, and bad files told apart."""

from __future__ import annotations

from datetime import date

import pytest
from conftest import SEED

from qa.articles import decoded, parse_article, parse_date


def test_the_seed_article_says_what_it_is() -> None:
    article = parse_article(decoded(SEED.read_bytes()), SEED.name)
    assert article.title == "Lavrov – U.S. Should Back Syria's Assad in Fighting Islamic State"
    assert article.source == "The Moscow Times"
    assert article.authors == ()
    assert article.published == date(2014, 8, 26)
    assert article.url == (
        "https://www.themoscowtimes.com/2014/08/26/lavrov-us-should-back-syrias-assad-in-fighting-islamic-state-a38716"
    )
    assert article.text.encode() == SEED.read_bytes()
    assert article.text[article.body :].startswith("A man holds up a sign")
    assert article.id == "6d5d5f4bdbb9"


def test_text_is_kept_character_for_character() -> None:
    data = "\ufeffA head line here\r\n\r\nOne cafe\u0301.\u00a0 Two.\r\n".encode()
    article = parse_article(decoded(data), "a.txt")
    assert article.text.encode() == data
    assert article.title == "A head line here"
    assert article.text[article.body :] == "One cafe\u0301.\u00a0 Two.\r\n"


@pytest.mark.parametrize(
    ("head", "title", "source", "authors", "published"),
    [
        ("Title of it all\nBy Jane Doe and John Smith, Reuters\n26 Aug. 2014\n\n", "Title of it all", "Reuters",
         ("Jane Doe", "John Smith"), date(2014, 8, 26)),
        ("# Short\n\nBy [The Daily Post](#) | Sept 3, 2019\n\n", "Short", "The Daily Post", (), date(2019, 9, 3)),
        ("A plain head line\n\nPublished 10:15 AM ET, Mon August 26, 2014\n\n", "A plain head line", None, (),
         date(2014, 8, 26)),
        ("Title: A b c\nAuthor: Ann Lee\nSource: https://www.example.org/x\nDate: 2020-02-29\n\n", "A b c",
         "example.org", ("Ann Lee",), date(2020, 2, 29)),
        ("---\ntitle: 'Front: matter'\nauthors: [A. Lee, B. Wu]\npublisher: Gazette\ndate: 2021-01-02T10:00\n---\n",
         "Front: matter", "Gazette", ("A. Lee", "B. Wu"), date(2021, 1, 2)),
        ("", "file name", None, (), None),
        ("By the time it ended, two were dead.\n\n", "file name", None, (), None),
        ("A sentence is no title, since it ends.\n\n", "file name", None, (), None),
        ("---\ntitle: [unclosed\n---\n\n", "file name", None, (), None),
        ("---\ndate: 2021-13-45\ntitle: no\n---\n", "no", None, (), None),
    ],
)  # fmt: skip
def test_metadata_is_read_from_the_head(
    head: str, title: str, source: str | None, authors: tuple[str, ...], published: date | None
) -> None:
    article = parse_article(head + "The body of it starts here, as it should.\n", "sub/file-name.txt")
    assert (article.title, article.source, article.authors, article.published) == (title, source, authors, published)
    assert "The body of it starts here" in article.text[article.body :]


def test_a_file_that_is_only_a_headline_is_read_from_it() -> None:
    article = parse_article("Mayor of Springfield resigns\n\nMay 2, 2024\n", "a.txt")
    assert article.text[article.body :].startswith("Mayor of Springfield resigns")


def test_the_date_in_an_address_stands_in_for_a_date_line() -> None:
    article = parse_article(
        "Some words here.\n\nOriginal url:\n\n<https://news.example.com/2023/05/04/story>\n", "a.txt"
    )
    assert (article.published, article.source) == (date(2023, 5, 4), "news.example.com")


@pytest.mark.parametrize("text", ["32 Juni 2014", "2014-13-01", "03/04/2014", "2014/03-04", "February 30, 2020", ""])
def test_what_is_no_unmistakable_date_is_none(text: str) -> None:
    assert parse_date(text) is None


def test_an_address_that_is_no_web_address_is_none() -> None:
    assert parse_article("---\nurl: javascript:alert(1)\n---\nSome words here.\n", "a.md").url is None


def test_a_yaml_bomb_costs_nothing() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join(['*' + old] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    article = parse_article(f"---\n{bomb}title: *i\n---\nSome words.\n", "a.md")
    assert article.title == "a"


@pytest.mark.parametrize("line", ["By " + "A" * 5000 + "!", "By " + "Aa " * 3000, "(" * 9000, "1:" * 9000])
def test_a_hostile_head_line_is_read_in_no_time(line: str) -> None:
    assert parse_article(line + "\n\nWords.\n", "a.txt").text.startswith(line)


@pytest.mark.parametrize(
    ("head", "tags"),
    [
        ("---\ntags: [Syria, Islamic State]\n---\n", ("Syria", "Islamic State")),
        ("---\nkeywords: Syria; Islamic State,\n---\n", ("Syria", "Islamic State")),
        ("---\ntags: {a: b}\n---\n", ()),
        ("# A bridge\n\nTags: Syria, Islamic State\n\n", ("Syria", "Islamic State")),
        ("", ()),
    ],
)
def test_tags_are_read(head: str, tags: tuple[str, ...]) -> None:
    assert parse_article(f"{head}The bridge was closed on Monday.\n", "a.md").tags == tags
