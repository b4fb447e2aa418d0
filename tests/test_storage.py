"""A folder in a storage is indexed as one of this machine; nothing is fetched twice, no failure removes anything."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from conftest import WordEncoder
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry
from test_reading import zip_file

from qa import Library, Limits, open_library, retrieve
from qa.__main__ import main
from qa.articles import Skipped
from qa.doctor import differences, examine
from qa.embedded import EmbeddedStore
from qa.indexing import made_for
from qa.library import index_folder
from qa.reading import FileReader, article_paths
from qa.storage import Storage, folder_at

BRIDGE, FAIR = "The old bridge closed on Monday.\n", "The spring fair opened on Friday.\n"
ROOT = "/news/articles"


class Bucket(MemoryFileSystem):  # type: ignore[misc]
    """A storage with tags of what its files hold, which counts what is fetched, fails and lies as it is told to."""

    protocol = "bucket"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    fetched: ClassVar[list[str]] = []
    failing: ClassVar[dict[str, BaseException]] = {}
    sizes: ClassVar[dict[str, int | None]] = {}
    added: ClassVar[dict[str, list[dict[str, Any]]]] = {}
    listed: ClassVar[dict[str, list[dict[str, Any]]]] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("bucket://")))

    def ls(self, path: str, detail: bool = True, **more: Any) -> list[Any]:
        if path in self.failing:
            raise self.failing[path]
        if path in self.listed:
            return self.listed[path]
        found = [*super().ls(path, detail=True, **more), *self.added.get(path, [])]
        for info in found:
            if info["name"] in self.store:
                info["ETag"] = hashlib.md5(self.store[info["name"]].getvalue()).hexdigest()
                info["size"] = self.sizes.get(info["name"], info["size"])
        self.listed[path] = found
        return found

    def invalidate_cache(self, path: str | None = None) -> None:
        self.listed.clear()

    def _open(self, path: str, mode: str = "rb", **more: Any) -> Any:
        if mode == "rb" and path in self.store:
            self.fetched.append(path.removeprefix(f"{ROOT}/"))
        if path in self.failing:
            raise self.failing[path]
        return super()._open(path, mode, **more)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A bucket with two articles and what is not read."""
    fsspec.register_implementation("bucket", Bucket, clobber=True)
    for held in (Bucket.store, Bucket.fetched, Bucket.failing, Bucket.sizes, Bucket.added, Bucket.listed):
        held.clear()  # type: ignore[attr-defined]
    bucket = Bucket()
    for name, text in {
        "bridge.txt": BRIDGE, "2024/fair.txt": FAIR, ".hidden/a.txt": "x", "2024/.b.txt": "x", "drafts/c.txt": "x",
        "picture.png": "x", ".qaignore": "drafts/\n",
    }.items():  # fmt: skip
        bucket.pipe_file(f"{ROOT}/{name}", text.encode())
    yield bucket
    bucket.store.clear()


Make = Callable[..., Library]


@pytest.fixture
def make(tmp_path: Path, opened: ExitStack) -> Make:
    """Return a function that opens a folder's library anew and brings it in step, as a new process would."""

    def make(place: str | Path = f"bucket:/{ROOT}", index: str = "index", **more: Any) -> Library:
        encoder = WordEncoder(more.pop("identity", "words"))
        library = Library(folder_at(place), EmbeddedStore(tmp_path / index), encoder, **more)
        opened.enter_context(library).refresh()
        return library

    return make


def fetched() -> list[str]:
    """What was fetched since this was asked last, but for .qaignore."""
    names = [name for name in Bucket.fetched if name != ".qaignore"]
    Bucket.fetched.clear()
    return names


def paths(library: Library) -> list[str]:
    return [article.path for article in library.articles()]


def reasons(library: Library) -> dict[str, str]:
    return {skip.path: skip.reason for skip in library.skipped}


def test_an_address_gives_the_same_library_as_the_folder(tmp_path: Path, make: Make) -> None:
    folder, fair = tmp_path / "articles", FAIR.encode()
    (folder / "b" / "deep").mkdir(parents=True)
    (folder / "a").mkdir()
    (folder / ".hidden").mkdir()
    for name, data in {
        "bridge.txt": BRIDGE.encode(), "z.txt": fair, "b/deep/fair.md": fair, "a/fair.txt": fair,
        "rows.jsonl": json.dumps({"id": "r1", "title": "Row", "text": "A row of its own."}).encode(),
        "b/pack.zip": zip_file({"in.txt": "A text in a pack.", "left.txt": "x"}), "empty.txt": b"", "picture.png": b"x",
        ".hidden/x.txt": b"x", "new\nline.txt": b"x", "drafts.txt": b"x",
        ".qaignore": b"drafts.txt\nb/pack.zip/left.txt",
    }.items():  # fmt: skip
        (folder / name).write_bytes(data)
    here, there = make(folder, "here"), make(f"file://{folder}", "there")
    assert list(differences(tmp_path / "here", tmp_path / "there")) == []
    assert there.articles() == here.articles()
    assert paths(there) == ["b/pack.zip/in.txt", "bridge.txt", "rows.jsonl#r1", "z.txt"]
    assert there.articles()[-1].copies == ("a/fair.txt", "b/deep/fair.md")
    assert there.skipped == here.skipped
    assert list(reasons(there)) == ["empty.txt", "new\N{REPLACEMENT CHARACTER}line.txt", "picture.png"]
    hits = there.retrieve("spring fair opened", 3)
    assert hits == here.retrieve("spring fair opened", 3)
    assert hits[0].passage.text == "The spring fair opened on Friday."


def test_memory_is_read_as_any_storage(make: Make) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/test_storage/sub/bridge.txt", BRIDGE.encode())
    library = make("memory://test_storage/")
    assert [(hit.passage.article.path, hit.passage.text) for hit in library.retrieve("bridge")] == [
        ("sub/bridge.txt", "The old bridge closed on Monday.")
    ]
    memory.rm("/test_storage", recursive=True)


def test_nothing_is_fetched_twice_and_nothing_that_is_not_read(bucket: Bucket, make: Make) -> None:
    library = make()
    assert paths(library) == ["2024/fair.txt", "bridge.txt"]
    assert list(reasons(library)) == ["picture.png"]
    assert fetched() == ["bridge.txt", "2024/fair.txt"]
    again = make()
    assert paths(again) == ["2024/fair.txt", "bridge.txt"]
    again.refresh()
    assert fetched() == []


def test_what_is_new_changed_or_gone_is_seen_by_the_listing(bucket: Bucket, make: Make) -> None:
    make()
    fetched()
    bucket.pipe_file(f"{ROOT}/bridge.txt", b"The old bridge opened on Monday.\n")
    bucket.pipe_file(f"{ROOT}/new.txt", b"A mayor was elected.\n")
    bucket.rm_file(f"{ROOT}/2024/fair.txt")
    library = make()
    assert fetched() == ["bridge.txt", "new.txt"]
    assert [article.text for article in library.articles()] == [
        "The old bridge opened on Monday.\n",
        "A mayor was elected.\n",
    ]
    bucket.pipe_file(f"{ROOT}/.qaignore", b"new.txt")
    assert paths(make()) == ["bridge.txt", "drafts/c.txt"]
    assert fetched() == ["drafts/c.txt"]


def test_a_file_without_a_tag_is_known_by_its_times_unless_they_are_too_young(tmp_path: Path, make: Make) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "bridge.txt").write_text(BRIDGE)
    storage = Storage(f"file://{folder}")

    def seen() -> str:
        return next(storage.files())[1].seen

    assert seen() == "racy"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qa.storage.time.time", lambda: (folder / "bridge.txt").stat().st_ctime + 2.1)
        known = seen()
        assert known == seen() != "racy"
        os.utime(folder / "bridge.txt", (10**9, 10**9))
        assert seen() not in (known, "racy")
        known = seen()
        (folder / "bridge.txt").rename(folder / "old.txt")
        (folder / "bridge.txt").write_text(BRIDGE)
        os.utime(folder / "bridge.txt", (10**9, 10**9))
        assert seen() != known
    library = make(storage.address)
    (folder / "bridge.txt").write_text(BRIDGE.replace("Monday", "Friday"))
    library.refresh()
    assert "The old bridge closed on Friday.\n" in [article.text for article in library.articles()]


def test_the_same_times_at_another_address_are_another_file() -> None:
    memory = fsspec.filesystem("memory")
    seen = []
    for address in ("memory://test_storage/one", "memory://test_storage/other"):
        path = f"{address.removeprefix('memory:/')}/bridge.txt"
        memory.pipe_file(path, BRIDGE.encode())
        memory.store[path].created = datetime(2024, 5, 2, tzinfo=UTC)
        seen += [file.seen for _, file, _ in Storage(address).files()]
    memory.rm("/test_storage", recursive=True)
    assert len(set(seen)) == 2 and "racy" not in seen


def test_each_listing_is_asked_for_anew(bucket: Bucket) -> None:
    storage = Storage(f"bucket:/{ROOT}/2024")
    assert [path for path, *_ in storage.files()] == [".b.txt", "fair.txt"]
    bucket.pipe_file(f"{ROOT}/2024/new.txt", b"x")
    assert [path for path, *_ in storage.files()] == [".b.txt", "fair.txt", "new.txt"]


def test_a_qaignore_that_is_too_long_or_no_text_is_an_error(bucket: Bucket, make: Make) -> None:
    for data, why in ((b"draft\n" * 200_000, "it is too long"), (b"\xff", "can't decode byte")):
        bucket.pipe_file(f"{ROOT}/.qaignore", data)
        with pytest.raises(ValueError, match=f"{why}.*: mend it or remove it"):
            make()


def test_a_file_that_cannot_be_fetched_costs_nothing_and_is_tried_again(bucket: Bucket, make: Make) -> None:
    bucket.failing[f"{ROOT}/bridge.txt"] = RuntimeError("the line\nis down")
    library = make()
    why = "it cannot be fetched (RuntimeError: the line is down): it is tried again at the next start"
    assert paths(library) == ["2024/fair.txt"] and Skipped("bridge.txt", why) in library.skipped
    assert fetched() == ["bridge.txt", "2024/fair.txt"]
    bucket.failing.clear()
    assert paths(make()) == ["2024/fair.txt", "bridge.txt"]
    assert fetched() == ["bridge.txt"]
    # What is held of a file that changed stays until the new version comes.
    bucket.pipe_file(f"{ROOT}/bridge.txt", b"The old bridge opened on Monday.\n")
    bucket.failing[f"{ROOT}/bridge.txt"] = PermissionError("no")
    library = make()
    assert "bridge.txt" in reasons(library)
    assert library.articles()[1].text == BRIDGE
    bucket.failing.clear()
    library.refresh()
    assert library.articles()[1].text == "The old bridge opened on Monday.\n" and "bridge.txt" not in reasons(library)


def test_a_listing_that_lies_of_sizes_is_found_out(bucket: Bucket, make: Make) -> None:
    large = b"word " * 300_000
    limits = Limits(mb=1)
    for name in ("large.txt", "lying.txt"):
        bucket.pipe_file(f"{ROOT}/{name}", large)
    bucket.sizes[f"{ROOT}/lying.txt"] = 10
    bucket.sizes[f"{ROOT}/bridge.txt"] = 1000
    bucket.sizes[f"{ROOT}/2024/fair.txt"] = None
    sizes = []

    def takes(reader: FileReader, file: Path) -> bool:
        sizes.append(file.stat().st_size)
        return real(reader, file)

    real = FileReader._takes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileReader, "_takes", takes)
        library = make(limits=limits)
    assert reasons(library) == {
        "bridge.txt": "only 33 of its 1000 bytes came: it is tried again at the next start",
        "large.txt": "it is larger than 1 MB: split it, or raise the limit",
        "lying.txt": "it is larger than 1 MB: split it, or raise the limit",
        "picture.png": reasons(library)["picture.png"],
    }
    assert max(sizes) == 1_000_001
    assert paths(library) == ["2024/fair.txt"]
    assert fetched() == ["bridge.txt", "lying.txt", "2024/fair.txt"]
    assert list(reasons(make(limits=limits))) == ["bridge.txt", "large.txt", "lying.txt", "picture.png"]
    assert fetched() == ["bridge.txt"]


def test_names_that_lead_elsewhere_are_named_and_never_read(bucket: Bucket, make: Make) -> None:
    file, folder = {"size": 33, "type": "file", "ETag": "1"}, {"size": 0, "type": "directory"}
    bucket.pipe_file("/news/secret.txt", b"Secret.\n")
    bucket.added[ROOT] = [
        {"name": f"{ROOT}/../secret.txt", **file},
        {"name": f"{ROOT}/..", **folder},
        {"name": f"{ROOT}/", **folder},
        {"name": "/news/secret.txt", **file},
        {"name": "secret.txt", **file},
        {"name": f"{ROOT}/{'x' * 5000}.txt", **file},
        {"name": f"{ROOT}/a\x1b[2Jb.txt", **file},
        {"name": f"{ROOT}/link.txt", **file, "type": "other", "islink": True},
        {"name": f"{ROOT}/pipe.txt", **file, "type": "other"},
        {"name": ROOT, **folder},
    ]
    bucket.added[f"{ROOT}/2024"] = [{"name": f"{ROOT}/2024/", **file, "size": 0}]  # how S3 marks a folder
    library = make()
    plain = "its name in the storage is no plain path within the folder: rename it there"
    assert reasons(library) == {
        "../secret.txt": plain,
        "..": plain,
        "/": plain,
        "//news/secret.txt": plain,
        "/secret.txt": plain,
        f"{'x' * 5000}.txt": plain,
        "a\N{REPLACEMENT CHARACTER}[2Jb.txt": "its name holds characters that cannot be printed: rename it",
        "link.txt": "it is a link: copy there what it leads to",
        "picture.png": reasons(library)["picture.png"],
    }
    assert fetched() == ["bridge.txt", "2024/fair.txt"]


@pytest.mark.parametrize(
    ("place", "failure", "told"),
    [
        (ROOT, FileNotFoundError("gone"), f"there is no folder 'bucket:/{ROOT}', or nothing in it"),
        (ROOT, TimeoutError("late"), f"'bucket:/{ROOT}' cannot be listed (TimeoutError: late)"),
        (f"{ROOT}/2024", RuntimeError("down"), f"'bucket:/{ROOT}' cannot be listed (RuntimeError: down)"),
        (f"{ROOT}/.qaignore", RuntimeError("down"), f"'bucket:/{ROOT}/.qaignore' cannot be read (RuntimeError: down)"),
    ],
)
def test_a_listing_that_fails_removes_nothing(
    bucket: Bucket, make: Make, place: str, failure: Exception, told: str
) -> None:
    library = make()
    bucket.failing[place] = failure
    for identity in ("words", "another model"):
        with pytest.raises((OSError, ValueError)) as error:
            make(identity=identity)
        assert str(error.value).startswith(told)
    assert library.count() == 2


def test_a_missing_bucket_and_a_file_are_refused(bucket: Bucket, make: Make) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder 'bucket://nowhere/articles', or nothing in it"):
        make("bucket://nowhere/articles")
    with pytest.raises(NotADirectoryError, match=r"bridge.txt' is a file: name the folder"):
        make(f"bucket:/{ROOT}/bridge.txt")


def test_a_folder_that_goes_while_it_is_listed_is_gone(bucket: Bucket, make: Make) -> None:
    make()
    bucket.failing[f"{ROOT}/2024"] = FileNotFoundError("just now")
    assert paths(make()) == ["bridge.txt"]


def test_what_is_fetched_does_not_stay_wherever_it_ends(
    bucket: Bucket, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    rows = "".join(json.dumps({"id": str(n), "text": f"Row {n} tells of thing{n}. " * 20}) + "\n" for n in range(300))
    bucket.pipe_file(f"{ROOT}/a.jsonl", rows.encode())
    library = make(index="other", place=f"bucket:/{ROOT}/2024")
    there: list[int] = []

    def stop(done: int, total: int, passages: int) -> None:
        there.append(len(list(place.iterdir())))
        if done == 50:
            raise KeyboardInterrupt

    library._folder = folder_at(f"bucket:/{ROOT}")
    with pytest.raises(KeyboardInterrupt) as stopped:  # whose traceback keeps what it went through
        library.refresh(stop)
    assert max(there) == 1 and stopped.tb
    assert list(place.iterdir()) == []
    bucket.failing[f"{ROOT}/bridge.txt"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as stopped:
        library.refresh()
    assert list(place.iterdir()) == [] and stopped.tb
    bucket.failing.clear()
    bucket.pipe_file(f"{ROOT}/a.jsonl", rows.replace("tells", "speaks").encode())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt) as stopped:
        patch.setattr(WordEncoder, "encode", lambda *given, **more: (_ for _ in ()).throw(KeyboardInterrupt))
        library.refresh()
    assert list(place.iterdir()) == [] and stopped.tb
    library.refresh()
    assert library.count() == 302 and list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://AKIA:hunter2@bucket/articles", "holds no name, password or '?'"),
        ("s3://AKIA:hunt/er2@bucket/articles", "holds no name, password or '?'"),
        ("s3://hunter2@bucket/articles", "holds no name, password or '?'"),
        ("abfs://name:hunter2@account/articles", "holds no name, password or '?'"),
        ("s3://bucket/articles?X-Amz-Signature=hunter2", "holds no name, password or '?'"),
        ("https://user:hunter2@example.org/a", "holds no name, password or '?'"),
        (
            "https://example.org/news",
            "is the address of a web page, and no storage: give a bucket as s3://BUCKET/FOLDER",
        ),
        ("simplecache::s3://bucket/a", "no storage has an address of that form: give one such as s3://BUCKET/FOLDER"),
        ("zip://a.txt::s3://bucket/a.zip", "no storage has an address of that form"),
        ("://bucket/a", "no storage has an address of that form"),
        ("s3:///", "names no folder: give one such as s3://BUCKET/FOLDER"),
        ("file:///", "names no folder: give one such as s3://BUCKET/FOLDER or file:///srv/articles"),
        ("file://articles", "does not begin at the root: give one such as file:///srv/articles"),
    ],
)
def test_an_address_that_is_none_or_tells_a_secret_is_refused(
    address: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as error:
        folder_at(address)
    assert "hunt" not in str(error.value)
    assert main(["index", address]) == 2
    assert capsys.readouterr().err == f"error: {error.value}\n"


def test_addresses_of_each_kind_are_taken() -> None:
    for address in ("s3://bucket/a b/c#d", "abfs://box@account.dfs.core.windows.net/articles", "hdfs://name:8020/a"):
        assert str(folder_at(f"{address}/")) == address
    assert folder_at("C:/articles") == Path("C:/articles").absolute()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("s3fs", "gcsfs", "adlfs"):
        monkeypatch.setitem(sys.modules, package, None)
    for protocol in ("s3", "gs", "abfs"):
        monkeypatch.delitem(_registry, protocol, raising=False)
    for address, package in (("s3://b/a", "s3fs"), ("gs://b/a", "gcsfs"), ("abfs://b/a", "adlfs")):
        assert main(["index", address]) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"error: '{address}' cannot be read without another package: ") and package in told
    assert main(["index", "floppy://a/b"]) == 2
    assert capsys.readouterr().err == (
        "error: 'floppy://a/b' cannot be read (ValueError: Protocol not known: floppy)\n"
    )


def test_the_doctor_compares_an_index_with_a_storage_and_fetches_nothing(
    bucket: Bucket, make: Make, tmp_path: Path
) -> None:
    make().close()
    fetched()
    place = folder_at(f"bucket:/{ROOT}")

    def found() -> list[str]:
        with FileReader(Limits(), {}, place) as reader:
            return [p.what for p in examine(place, tmp_path / "index", reader, made_for(WordEncoder()))]

    assert found() == []
    bucket.pipe_file(f"{ROOT}/bridge.txt", b"The old bridge opened on Monday.\n")
    bucket.pipe_file(f"{ROOT}/new.txt", b"x")
    bucket.rm_file(f"{ROOT}/2024/fair.txt")
    assert found() == [
        "bridge.txt was changed since it was read",
        "new.txt is not in the index yet",
        "2024/fair.txt is in the index, and gone from the folder or left out of it",
    ]
    assert fetched() == []


def test_what_changes_a_storage_is_refused_with_what_to_do(
    bucket: Bucket, make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = make()
    for refused in (lambda: library.remove("bridge.txt"), lambda: next(library.watch()), lambda: library.add("x")):
        with pytest.raises(ValueError, match="is only read: change its files and its"):
            refused()
    with pytest.raises(SystemExit):
        main(["index", "s3://bucket/articles", "--watch"])
    assert "--watch is for a folder of this machine" in capsys.readouterr().err


def test_the_index_of_an_address_has_a_folder_of_its_own() -> None:
    one, other = (index_folder(folder_at(f"s3://{name}/articles/"), None) for name in ("news", "olds"))
    assert one.name == "articles-1267745969b5" and other.name.startswith("articles-") and one != other
    assert index_folder(Storage("s3://news/articles"), "here") == Path("here")


def test_what_is_listed_is_in_the_order_of_a_folder(bucket: Bucket) -> None:
    for name in ("b/z.txt", "b/a/x.txt", "a.txt", "c.txt", "b.txt"):
        bucket.pipe_file(f"{ROOT}/{name}", b"x")
    assert [path for path, _, why in article_paths(folder_at(f"bucket:/{ROOT}")) if not why] == [
        "a.txt", "b.txt", "bridge.txt", "c.txt", "2024/fair.txt", "b/z.txt", "b/a/x.txt",
    ]  # fmt: skip


@pytest.mark.model
def test_the_command_line_and_scripts_take_an_address(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, index = f"file://{folder}", str(tmp_path / "index")
    assert main(["index", address, "--index", index, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"folder": address, "articles": 2, "skipped": []}
    assert main(["index", str(folder), "--index", str(tmp_path / "local")]) == 0
    assert main(["doctor", "--folder", address, "--index", index, "--against", str(tmp_path / "local")]) == 0
    assert main(["remove", "bridge.txt", "--folder", address, "--index", index]) == 2
    assert "is only read" in capsys.readouterr().err
    with open_library(address, index=index) as library:
        assert paths(library) == ["bridge.txt", "fair.md"]
    monkeypatch.setattr("qa.library.user_cache_path", lambda name: tmp_path / "cache")
    assert retrieve("When did the fair open?", 1, folder=address)[0].passage.text == "The spring fair opened on Friday."
    assert len(list((tmp_path / "cache").iterdir())) == 1
