"""The articles' tab: sorting, searching, reading, adding and removing, over a real folder."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import HOSTILE, STRANGE, attributes, is_inert, is_same, opening_of, sent, text_of

from qa import Library
from ui import shelf as shelf_module
from ui.chat import Chat, Session
from ui.conversations import Conversations
from ui.opening import Opening
from ui.shelf import Shelf, article_of
from ui.table import View


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made, so that it can be seen that none is left."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def library(make_library: Callable[[], Library]) -> Library:
    return make_library()


@pytest.fixture
def make_shelf(library: Library, tmp_path: Path) -> Iterator[Callable[..., Shelf]]:
    conversations = Conversations(tmp_path / "state")

    def make(*, editable: bool = True, opening: Opening | None = None) -> Shelf:
        opening = opening or opening_of(library)
        return Shelf(opening, Chat(opening, conversations), editable=editable)

    yield make
    conversations.close()


@pytest.fixture
def shelf(make_shelf: Callable[..., Shelf]) -> Shelf:
    return make_shelf()


def all_of(outputs: AsyncIterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    async def collect() -> list[tuple[Any, ...]]:
        return [one async for one in outputs]

    return asyncio.run(collect())


def chosen(shelf: Shelf, view: View | None = None, data: Any = None, **named: Any) -> list[tuple[Any, ...]]:
    outputs = all_of(shelf.chosen(view or View(), {}, Session(), sent(data, **named)))
    assert all(len(one) == 7 for one in outputs)
    return outputs


def uploaded(tmp_path: Path, name: str, text: str) -> str:
    file = tmp_path / "cache" / str(time.monotonic_ns()) / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return str(file)


def paths(library: Library) -> list[str]:
    return [article.path for article in library.articles()]


def test_files_are_added_told_and_leave_nothing_behind(
    shelf: Shelf, library: Library, tmp_path: Path, temporary: Path
) -> None:
    tram, empty = uploaded(tmp_path, "tram.txt", "A tram line opened.\n"), uploaded(tmp_path, "empty.txt", "")
    outputs = all_of(shelf.add([tram, empty], View()))
    reports = [one[2] for one in outputs if not is_same(one[2])]
    assert text_of("report", reports[-1]).startswith("tram.txt 1 articleempty.txt it is empty")
    assert outputs[-1][0] is None
    assert "uploads/tram.txt" in outputs[-1][3]
    assert paths(library) == ["bridge.txt", "fair.md", "uploads/tram.txt"]
    assert not Path(tram).exists() and not Path(empty).exists()
    assert list(temporary.iterdir()) == []


def test_two_uploads_of_one_name_are_both_kept(shelf: Shelf, library: Library, tmp_path: Path) -> None:
    for text in ("A tram line opened.\n", "A ferry line opened.\n"):
        all_of(shelf.add([uploaded(tmp_path, "news.txt", text)], View()))
    assert paths(library) == ["bridge.txt", "fair.md", "uploads/news-2.txt", "uploads/news.txt"]


@pytest.mark.parametrize("name", ["\\..\\..\\evil.txt", ".qaignore", "a\nb.txt", "<img src=x>.txt", "*.txt"])
def test_a_hostile_name_stays_within_the_uploads(name: str, shelf: Shelf, library: Library, tmp_path: Path) -> None:
    outputs = all_of(shelf.add([uploaded(tmp_path, name, "A tram line opened.\n")], View()))
    assert "<img" not in str(outputs)
    (uploads,) = [file for file in library.folder.iterdir() if file.is_dir()]
    assert uploads.name == "uploads" and len(list(uploads.iterdir())) == 1
    assert {"bridge.txt", "fair.md"} <= set(paths(library))


def test_an_upload_with_a_hostile_name_is_removed_alone(shelf: Shelf, library: Library, tmp_path: Path) -> None:
    all_of(shelf.add([uploaded(tmp_path, "[a-z]*?! #.txt", "A tram line opened.\n")], View()))
    (path,) = set(paths(library)) - {"bridge.txt", "fair.md"}
    chosen(shelf, do="remove", article=path)
    assert paths(library) == ["bridge.txt", "fair.md"]


@pytest.mark.parametrize("files", [None, []])
def test_no_files_add_nothing(files: Any, shelf: Shelf, library: Library) -> None:
    (outputs,) = all_of(shelf.add(files, View()))
    assert is_same(outputs[2])
    assert not (library.folder / "uploads").exists()


def test_what_keeps_files_from_being_added_is_told(
    shelf: Shelf, library: Library, tmp_path: Path, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (library.folder / "uploads").write_text("a file in the place of the folder")
    file = uploaded(tmp_path, "tram.txt", "A tram line opened.\n")
    outputs = all_of(shelf.add([file], View()))
    told = [one[2] for one in outputs if not is_same(one[2])][-1]
    assert 'class="report failed" role="alert"' in told and "uploads" in told
    assert not Path(file).exists() and list(temporary.iterdir()) == []
    assert "Traceback" in caplog.text


def test_while_articles_are_read_nothing_is_added_or_removed(shelf: Shelf, library: Library, tmp_path: Path) -> None:
    go_on = threading.Event()
    assert shelf.opening.change(lambda *_: go_on.wait(10))
    outputs = all_of(shelf.add([uploaded(tmp_path, "tram.txt", "A tram.\n")], View()))
    assert "The articles are being read: try again in a moment." in outputs[0][2]
    threading.Timer(0.3, go_on.set).start()
    with pytest.warns(UserWarning, match="try again"):
        chosen(shelf, do="remove", article="bridge.txt")
    assert paths(library) == ["bridge.txt", "fair.md"]


def test_an_article_is_removed_its_file_stays_and_a_copy_goes_with_it(
    shelf: Shelf, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    (library.folder / "copy.txt").write_bytes((library.folder / "bridge.txt").read_bytes())
    library.refresh()
    outputs = chosen(shelf, do="remove", article="copy.txt")
    assert capsys.readouterr().out == (
        "bridge.txt, copy.txt: left out from now on. Files stay; .qaignore names them.\n"
    )
    assert paths(library) == ["fair.md"]
    assert text_of("path", outputs[-1][1]) == "fair.md"
    assert (library.folder / "bridge.txt").exists()
    assert "1 article ready" in outputs[-2][6]


def test_removing_what_is_gone_already_is_no_failure(shelf: Shelf, library: Library) -> None:
    with pytest.warns(UserWarning, match="This article was removed before"):
        outputs = chosen(shelf, do="remove", article="gone.txt")
    assert "2 articles ready" in outputs[-2][6]
    assert shelf.opening.trouble is None


def test_what_cannot_be_removed_is_told(
    shelf: Shelf, library: Library, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    def fail(*_: str) -> None:
        raise OSError("<b>.qaignore cannot be written")

    monkeypatch.setattr(library, "remove", fail)
    outputs = chosen(shelf, do="remove", article="bridge.txt")
    assert "&lt;b&gt;.qaignore cannot be written" in outputs[-2][6]
    assert [str(one.message) for one in recwarn if one.category is UserWarning] == []


def test_where_the_shelf_is_not_editable_nothing_is_removed(make_shelf: Callable[..., Shelf], library: Library) -> None:
    shelf = make_shelf(editable=False)
    assert chosen(shelf, do="remove", article="bridge.txt") == []
    assert paths(library) == ["bridge.txt", "fair.md"]
    assert not (library.folder / ".qaignore").exists()
    assert "remove" not in shelf.searched("", View())[1]


def test_whatever_a_browser_sends_in_place_of_a_click_does_nothing(shelf: Shelf, library: Library) -> None:
    for data in (*STRANGE, {"do": 7}, {"do": "refresh"}, {"do": ["remove"]}):
        assert chosen(shelf, data=data) == [], data
    assert paths(library) == ["bridge.txt", "fair.md"]


def test_the_table_is_sorted_and_only_by_its_columns(shelf: Shelf) -> None:
    ((view, table, *_),) = chosen(shelf, do="sort", order="published")
    assert view == View("", "published", descending=True)
    assert text_of("path", table) == "fair.mdbridge.txt"
    ((view, table, *_),) = chosen(shelf, view, do="sort", order="text; --")
    assert view.order == "published"


def test_pages_are_turned_to_what_there_is(shelf: Shelf) -> None:
    huge = "9" * 30
    for offset, taken in (("50", 50), ("-50", 0), ("x", 0), (huge, int(huge)), (None, 0), (50, 0)):
        ((view, table, *_),) = chosen(shelf, do="page", offset=offset)
        assert view.offset == taken
        assert text_of("pages", table) == "1 to 2 of 2 articles"


@pytest.mark.parametrize("text", ["FAIR", "town gazette", "  fair\x00 "])
def test_a_search_begins_at_its_first_page(text: str, shelf: Shelf) -> None:
    view, table = shelf.searched(text, View(order="size", offset=100))
    assert (view.offset, view.order) == (0, "size")
    assert text_of("path", table) == "fair.md"


def test_a_hostile_search_finds_nothing_and_does_not_run(shelf: Shelf) -> None:
    for text in (*HOSTILE, "%", "' OR 1=1 --", "x" * 9_000):
        view, table = shelf.searched(text, View())
        assert len(view.search) <= 200
        assert text_of("note", table).startswith(f"No article has “{text[:100]}"), text
        assert is_inert(table)


def test_an_empty_search_shows_all(shelf: Shelf) -> None:
    none: Any = None
    for text in ("", " \n", none):
        assert text_of("path", shelf.searched(text, View("x"))[1]) == "bridge.txtfair.md"


def test_an_article_is_read_or_asked_alone(shelf: Shelf, library: Library) -> None:
    bridge = library.articles()[0]
    ((view, table, source, *rest),) = chosen(shelf, do="read", article=bridge.id)
    assert text_of("text", source) == bridge.text
    assert all(map(is_same, [view, table, *rest]))
    ((_, _, source, filters, _, link, _),) = chosen(shelf, do="only", article="bridge.txt")
    assert (filters, is_same(source)) == ({"article": ["bridge.txt"]}, True)
    assert attributes("data-turn-to", link) == ["ask"]


def test_an_article_that_is_gone_is_told(shelf: Shelf) -> None:
    for named in ("", "gone", "bridge.txt", *HOSTILE):
        assert text_of("empty", article_of(shelf.opening, named)) == "This article was removed."


def test_refresh_reads_what_is_new(shelf: Shelf, library: Library) -> None:
    (library.folder / "tram.txt").write_text("A tram line opened.\n")
    outputs = all_of(shelf.refreshed(View()))
    assert "3 articles ready" in outputs[-2][0]
    assert text_of("path", outputs[-1][1]) == "bridge.txtfair.mdtram.txt"


def test_the_table_is_made_when_its_own_tab_is_turned_to(shelf: Shelf) -> None:
    assert text_of("path", asyncio.run(shelf.table(View(), sent(tab="articles")))) == "bridge.txtfair.md"
    for data in ({"tab": "ask"}, {"tab": "speakers"}, {"tab": ["articles"]}, *STRANGE):
        assert is_same(asyncio.run(shelf.table(View(), sent(data)))), data


def test_before_the_articles_are_open_there_is_no_table(make_shelf: Callable[..., Shelf], tmp_path: Path) -> None:
    def fail(report: object) -> Any:
        raise FileNotFoundError("no folder")

    opening = Opening(fail)
    shelf = make_shelf(opening=opening)
    assert shelf.searched("x", View())[1] == ""
    opening._open()
    assert asyncio.run(shelf.table(View(), sent(tab="articles"))) == ""
    outputs = all_of(shelf.add([uploaded(tmp_path, "tram.txt", "A tram.\n")], View()))
    assert 'class="report failed"' in outputs[0][2]


def test_an_address_is_fetched_and_added_and_leaves_nothing_behind(
    shelf: Shelf, library: Library, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(address: str, folder: Path) -> Path:
        assert address == "http://news.example/tram"
        file = folder / "news.example-tram.txt"
        file.write_text("A tram line opened.\n")
        return file

    monkeypatch.setattr(shelf_module, "fetch", fetch)
    outputs = all_of(shelf.add_address(" http://news.example/tram\x00", View()))
    assert text_of("report", outputs[0][2]) == "Fetching http://news.example/tram"
    assert outputs[-1][0] == ""
    assert "uploads/news.example-tram.txt" in paths(library)
    assert list(temporary.iterdir()) == []


def test_an_address_that_cannot_be_fetched_stays_in_its_box(shelf: Shelf, library: Library, temporary: Path) -> None:
    outputs = all_of(shelf.add_address("ftp://news.example/<b>", View()))
    assert all(is_same(one[0]) for one in outputs)
    assert 'class="report failed"' in outputs[-1][2] and "<b>" not in outputs[-1][2]
    assert list(temporary.iterdir()) == []
    none: Any = None
    assert all_of(shelf.add_address(none, View())) == all_of(shelf.add_address(" \x00", View())) == []
