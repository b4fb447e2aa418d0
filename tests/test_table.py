"""The library as a table, and files on their way into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pages import HOSTILE, Page, attributes, is_inert, text_of

from qa import Catalogue, Entry, Library, Skipped
from ui.table import View, add_files, free_name, message, report, table

Make = Callable[[], Library]


class Shelved:
    """A library of so many articles, and no more than a catalogue."""

    def __init__(self, total: int, skipped: tuple[Skipped, ...] = ()) -> None:
        self.total, self.skipped = total, skipped
        self.asked: list[tuple[str, str, bool]] = []

    def catalogue(self, search: str, *, order: str, descending: bool, limit: int, offset: int) -> Catalogue:
        self.asked.append((search, order, descending))
        numbers = range(self.total)[offset : offset + limit]
        entries = (Entry(f"id{n}", f"{n}.txt", f"Title {n}", None, None, 7, None) for n in numbers)
        return Catalogue(self.total, tuple(entries))


def shown(total: int, view: View | None = None) -> str:
    library: Any = Shelved(total)
    return table(library, view or View(), editable=True)


def rows(found: str) -> list[str | None]:
    return [attrs["data-article"] for _, attrs in Page(found).elements if attrs.get("data-do") == "read"]


def turns(found: str) -> list[tuple[str | None, bool]]:
    """Return where the buttons of pages lead, and whether they can be pressed."""
    pages = [attrs for _, attrs in Page(found).elements if attrs.get("data-do") == "page"]
    return [(attrs["data-offset"], "disabled" not in attrs) for attrs in pages]


def test_an_article_is_a_row_with_what_is_known_of_it(make_library: Make, folder: Path) -> None:
    (folder / "copy.txt").write_bytes((folder / "bridge.txt").read_bytes())
    found = table(make_library(), View(), editable=True)
    titles = ["Bridge closed for repairs", "Bridge closed for repairs", "Fair opens"]
    assert text_of("title", found).startswith("TitleBridge closed")
    assert text_of("path", found) == "bridge.txtcopy.txtfair.md"
    assert text_of("published", found) == "Date02 May 202402 May 202401 Jun 2024"
    assert text_of("state", found) == "Statereadsame text as bridge.txtread"
    assert text_of("source", found) == "SourceTown Gazette"
    assert text_of("pages", found) == "1 to 3 of 3 articles"
    removals = [attrs for _, attrs in Page(found).elements if attrs.get("data-do") == "remove"]
    assert [(one["data-article"], one["data-name"]) for one in removals] == list(
        zip(["bridge.txt", "copy.txt", "fair.md"], titles, strict=True)
    )
    assert "remove" not in table(make_library(), View(), editable=False)


def test_what_is_not_read_is_listed_with_the_reason(make_library: Make, folder: Path) -> None:
    (folder / "<b>.txt").write_text("")
    found = table(make_library(), View(), editable=True)
    assert text_of("unread", found).startswith("1 file not read, and why<b>.txt it is empty")
    assert "unread" not in shown(3)


def test_a_search_that_finds_nothing_says_what_for() -> None:
    assert text_of("note", shown(0, View("<b>"))) == "No article has “<b>” in title, source, author or file."
    assert text_of("note", shown(0)) == "There are no articles yet: add some here."


@pytest.mark.parametrize(
    ("total", "offset", "told", "buttons"),
    [
        (1, 0, "1 to 1 of 1 article", []),
        (50, 0, "1 to 50 of 50 articles", []),
        (51, 0, "1 to 50 of 51 articles", [("0", False), ("50", True)]),
        (51, 50, "51 to 51 of 51 articles", [("0", True), ("100", False)]),
        (1_200, 100, "101 to 150 of 1,200 articles", [("50", True), ("150", True)]),
        (120, -7, "1 to 50 of 120 articles", [("0", False), ("50", True)]),
    ],
)
def test_pages_of_fifty_can_be_turned(total: int, offset: int, told: str, buttons: list[tuple[str, bool]]) -> None:
    found = shown(total, View(offset=offset))
    assert text_of("pages", found).removesuffix("EarlierLater") == told
    assert turns(found) == buttons
    assert rows(found)[0] == f"id{max(0, offset)}"


@pytest.mark.parametrize(("total", "offset", "first"), [(50, 50, 0), (100, 100, 50), (120, 10**9, 100), (3, 50, 0)])
def test_behind_the_last_page_the_last_page_is_shown(total: int, offset: int, first: int) -> None:
    found = shown(total, View(offset=offset))
    assert rows(found)[0] == f"id{first}"
    assert "There are no articles" not in found
    assert [to for to, on in turns(found) if on] == ([str(first - 50)] if first else [])


def test_a_column_is_sorted_by_and_then_the_other_way_round() -> None:
    by_date = View("bridge", offset=50).sorted_by("published")
    assert by_date == View("bridge", "published", descending=True)
    assert by_date.sorted_by("published") == View("bridge", "published", descending=False)
    assert View().sorted_by("title") == View("", "title", descending=True)
    assert View("", "size").sorted_by("source") == View("", "source", descending=False)


@pytest.mark.parametrize("order", ["", "text", "TITLE", "path; DROP TABLE articles", *HOSTILE])
def test_there_is_no_other_order(order: str) -> None:
    assert View("x", "size").sorted_by(order) == View("x", "size")


def test_the_column_that_is_sorted_by_says_so() -> None:
    assert attributes("aria-sort", shown(1)) == ["ascending"]
    found = shown(1, View().sorted_by("size"))
    assert '<th scope="col" class="size" aria-sort="descending">' in found


def test_a_size_is_rounded() -> None:
    class Sized(Shelved):
        def catalogue(self, search: str, **_: Any) -> Catalogue:
            return Catalogue(3, tuple(Entry(str(n), str(n), "t", None, None, n, None) for n in (999, 1_500, 2_000_000)))

    library: Any = Sized(3)
    assert text_of("size", table(library, View(), editable=False)) == "Size999 ch2k ch2,000k ch"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_article_is_shown_in_the_table_and_does_not_run(hostile: str) -> None:
    class Hostile(Shelved):
        def catalogue(self, search: str, **_: Any) -> Catalogue:
            return Catalogue(1, (Entry(hostile, hostile, hostile, hostile, None, 7, hostile),))

    library: Any = Hostile(1, (Skipped(hostile, hostile),))
    found = table(library, View(hostile), editable=True)
    assert text_of("source", found) == f"Source{hostile}"
    assert attributes("data-article", found) == [hostile] * 3
    assert is_inert(found)
    assert is_inert(report({hostile: hostile}) + message(hostile, failed=True))
    assert text_of("report", message(hostile)) == hostile


@pytest.mark.parametrize(
    ("name", "free"),
    [
        ("report.pdf", "report.pdf"),
        ("../../x", "x"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\x.txt", "x.txt"),
        ("a\\b.txt", "b.txt"),
        ("C:\\a\\b.txt", "b.txt"),
        (".hidden", "hidden"),
        (".. .qaignore", "qaignore"),
        ("..", "article.txt"),
        (".", "article.txt"),
        ("", "article.txt"),
        ("/", "article.txt"),
        (" \x00\x1b ", "article.txt"),
        ("a\nb\t c.txt", "a b c.txt"),
        ("\ud800a.txt", "a.txt"),
        ("\u4e2d\u6587 \U0001f469.txt", "\u4e2d\u6587 \U0001f469.txt"),
        ("Gr\u00fc\u00dfe.TXT", "Gr\u00fc\u00dfe.TXT"),
        ("<b>.txt", "<b>.txt"),
    ],
)
def test_a_name_leads_nowhere_else_and_is_not_hidden(name: str, free: str, tmp_path: Path) -> None:
    assert free_name(name, tmp_path) == free
    (tmp_path / free).touch()


@pytest.mark.parametrize("letter", ["x", "\u4e2d", "\U0001f469", "e\u0301"])
@pytest.mark.parametrize("suffix", [".txt", "", "." + "y" * 400])
def test_a_very_long_name_is_cut_and_can_be_taken_twice(letter: str, suffix: str, tmp_path: Path) -> None:
    taken = []
    for _ in range(3):
        taken.append(free_name(letter * 400 + suffix, tmp_path))
        (tmp_path / taken[-1]).touch()
    assert len(set(taken)) == 3
    assert all(name.startswith(letter * 10) for name in taken)
    if suffix == ".txt":
        assert [Path(name).suffix for name in taken] == [".txt"] * 3


def test_a_name_that_is_taken_in_one_of_the_folders_gets_a_number(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for place in (one, other):
        place.mkdir()
    assert free_name("report.pdf", one, other) == "report.pdf"
    (one / "report.pdf").touch()
    assert free_name("report.pdf", one, other) == "report-2.pdf"
    (other / "report-2.pdf").touch()
    assert free_name("report.pdf", one, other, tmp_path / "no such folder") == "report-3.pdf"


def added(library: Library, tmp_path: Path, *files: Path) -> dict[str, str]:
    taken = tmp_path / "taken"
    taken.mkdir(exist_ok=True)
    return add_files(library, files, lambda *_: None, taken)


def test_files_are_added_and_it_is_told_what_became_of_each(make_library: Make, folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "tram.txt").write_text("Tram news\n\nA tram line opened.\n")
    (given / "copy.txt").write_bytes((folder / "bridge.txt").read_bytes())
    (given / "empty.txt").write_text("")
    (given / "odd.xyz").write_text("What is this?")
    library = make_library()
    became = added(library, tmp_path, *sorted(given.iterdir()))
    assert list(became) == ["copy.txt", "empty.txt", "odd.xyz", "tram.txt"]
    assert (became["copy.txt"], became["tram.txt"]) == ("same text as bridge.txt", "1 article")
    assert became["empty.txt"].startswith("it is empty")
    assert [article.path for article in library.articles()] == ["bridge.txt", "fair.md", "uploads/tram.txt"]
    told = text_of("report", report(became))
    assert told.startswith("copy.txt same text as bridge.txtempty.txt it is empty")


def test_two_files_of_one_name_are_both_added(make_library: Make, tmp_path: Path) -> None:
    files = []
    for number, text in enumerate(("A tram line opened.\n", "A ferry line opened.\n")):
        (tmp_path / str(number)).mkdir()
        files.append(tmp_path / str(number) / "news.txt")
        files[-1].write_text(text)
    library = make_library()
    assert added(library, tmp_path, *files) == {"news.txt": "1 article", "news-2.txt": "1 article"}
    assert added(library, tmp_path, files[0]) == {"news-3.txt": "same text as uploads/news.txt"}
    assert (library.folder / "uploads" / "news.txt").read_text() == "A tram line opened.\n"


def test_a_file_of_many_articles_is_told_with_their_number(make_library: Make, tmp_path: Path) -> None:
    rows = [f'{{"title": "Row {number}", "text": "Tram number {number} runs."}}\n' for number in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join([*rows, '{"text": ""}\n']))
    became = added(make_library(), tmp_path, tmp_path / "rows.jsonl")
    assert became["rows.jsonl"].startswith("3 articles; ")
