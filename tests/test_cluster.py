"""The bulk by Ray's workers: the same library as one process makes, whoever is killed meanwhile."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from conftest import ROOT
from workers import encoding_workers

from embeddings.encoder import Vectors
from qa import Library, Limits
from qa.__main__ import main
from qa.articles import Skipped
from qa.cluster import prepare_on_cluster
from qa.doctor import differences
from qa.embedded import EmbeddedStore
from qa.indexing import Unread, made_for
from qa.reading import FileReader
from qa.storage import Folder, Storage, Stored
from qa.store import Prepared


class HashEncoder:
    """Each word has a dimension that is the same in every process; a text of "poison" ends the process."""

    identity = "hashed words"
    token_limit = 40

    def __init__(self, seconds: float = 0) -> None:
        self._seconds = seconds

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in re.finditer(r"\w+|[^\w\s]", text)]

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        if any("poison" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self._seconds)
        vectors = np.ones((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, zlib.crc32(word.encode()) % 64] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class NotingEncoder(HashEncoder):
    """Notes in a file how often it encodes."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        with self._log.open("a") as log:
            log.write(".")
        return super().encode(texts, query=query)


class CountingStore(EmbeddedStore):
    """Counts how often each article is stored."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stored: Counter[str] = Counter()

    def replace_article(self, new: Prepared) -> None:
        self.stored[new.article.path] += 1
        super().replace_article(new)


@pytest.fixture(scope="session")
def ray() -> Iterator[None]:
    """Ray on this machine, with two processors."""
    if not find_spec("ray"):
        pytest.skip("needs the package ray[data]")
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    import ray

    here = {"_node_ip_address": "127.0.0.1", "include_dashboard": False, "log_to_driver": False}
    modules = {"env_vars": {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}}
    ray.init(address="local", num_cpus=2, object_store_memory=200_000_000, runtime_env=modules, **here)
    yield
    ray.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty articles in files of their own, thirty in one file, a copy, and two files that cannot be read."""
    folder = tmp_path / "articles"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}.txt").write_text(
            f"Bridge number{number} closed\n\nMay {number % 28 + 1}, 2024\n\nThe bridge closed on Monday. "
            f'"It will take {number} months," said Mayor Ilse Kohl.\n\nAn engineer said that crack{number} was known.\n'
        )
    rows = [{"id": f"row{n}", "title": f"Fair {n}", "text": f"The fair number{n} opened on Friday."} for n in range(30)]
    (folder / "fairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "copy.txt").write_bytes((folder / "07.txt").read_bytes())
    (folder / "empty.txt").write_text("")
    (folder / "binary.txt").write_bytes(b"\0\1")
    return folder


Make = Callable[..., tuple[Library, CountingStore]]


@pytest.fixture
def make(tmp_path: Path, folder: Path, opened: ExitStack) -> Make:
    """Return a function that opens the articles' library in an index of a name, by Ray or in this process."""

    def make(
        name: str, *, by_ray: bool = True, seconds: float = 0, place: Folder = folder
    ) -> tuple[Library, CountingStore]:
        store = CountingStore(tmp_path / name)
        made = made_for(HashEncoder())
        source = partial(prepare_on_cluster, address="local", load=partial(HashEncoder, seconds), made=made)
        library = Library(place, store, HashEncoder(), None, source=source if by_ray else None)  # type: ignore[arg-type]
        opened.enter_context(library)
        return library, store

    return make


def test_the_library_is_the_same_as_from_one_process(ray: None, make: Make, folder: Path, tmp_path: Path) -> None:
    clustered, store = make("ray")
    clustered.refresh()
    alone, _ = make("alone", by_ray=False)
    alone.refresh()
    assert list(differences(tmp_path / "ray", tmp_path / "alone")) == []
    assert clustered.count() == 90 and len(clustered.quotes("Kohl")) == 60
    assert clustered.skipped == alone.skipped
    assert len(store.files()) == 64
    assert [skip.path for skip in clustered.skipped] == ["binary.txt", "empty.txt"]
    store.stored.clear()
    (folder / "07.txt").write_text("Bridge seven is open again. Nobody said why.\n")
    (folder / "fairs.jsonl").write_text('{"id": "row3", "title": "Fair 3", "text": "The fair number3 is over."}\n')
    clustered.refresh()
    alone.refresh()
    assert set(store.stored) == {"07.txt", "fairs.jsonl#row3"}
    assert list(differences(tmp_path / "ray", tmp_path / "alone")) == []


def test_workers_that_are_killed_lose_nothing_and_store_nothing_twice(ray: None, make: Make, tmp_path: Path) -> None:
    library, store = make("ray", seconds=1)
    done, killed = Event(), []

    def kill() -> None:
        while not done.wait(2) and len(killed) < 3:
            for pid in encoding_workers()[:1] if store.stored else []:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    killer = Thread(target=kill)
    killer.start()
    library.refresh()
    done.set()
    killer.join()
    assert killed
    assert library.count() == 90 and set(store.stored.values()) == {1}
    alone, _ = make("alone", by_ray=False)
    alone.refresh()
    assert list(differences(tmp_path / "ray", tmp_path / "alone")) == []


def test_what_was_stopped_goes_on(ray: None, make: Make, tmp_path: Path) -> None:
    library, store = make("ray")

    def stop(done: int, total: int, passages: int) -> None:
        if done == 70:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.refresh(stop)
    before = dict(store.stored)
    library.close()
    again, rest = make("ray")
    again.refresh()
    assert 60 <= len(before) < 91
    assert not before.keys() & rest.stored.keys() and len(before) + len(rest.stored) == 91
    alone, _ = make("alone", by_ray=False)
    alone.refresh()
    assert list(differences(tmp_path / "ray", tmp_path / "alone")) == []


def test_what_ends_its_worker_again_and_again_is_skipped(
    ray: None, make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.cluster._RETRIES", 1)
    monkeypatch.setattr("qa.cluster._ALONE", 1)
    for path in folder.glob("[1-5]*.txt"):
        path.unlink()
    (folder / "05.txt").write_text("A text of poison.\n")
    with (folder / "fairs.jsonl").open("a") as rows:
        rows.write('{"id": "row99", "title": "Fair", "text": "Another poison."}\n')
    library, _ = make("ray")
    library.refresh()
    why = "reading it ended the worker that did, again and again: it is damaged, or takes too much memory"
    assert {Skipped("05.txt", why), Skipped("fairs.jsonl#row99", why)} < set(library.skipped)
    assert len(library.skipped) == 4
    assert library.count() == 39


def test_workers_fetch_from_a_storage_by_themselves(
    ray: None, make: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Storage(f"file://{folder}")
    time.sleep(2.1)  # a file that changed within the last two seconds is fetched again
    clustered, _ = make("ray", place=place)
    clustered.refresh()
    alone, _ = make("alone", by_ray=False)
    alone.refresh()
    assert list(differences(tmp_path / "ray", tmp_path / "alone")) == []
    assert clustered.count() == 90 and clustered.skipped == alone.skipped
    fetched: list[str] = []
    real = Stored._fetch
    monkeypatch.setattr(
        Stored, "_fetch", lambda stored, *given: fetched.append(Path(stored.name).name) or real(stored, *given)
    )
    (folder / "07.txt").write_text("Bridge seven is open again. Nobody said why.\n")
    again, _ = make("ray", by_ray=False, place=place)
    again.refresh()
    assert fetched == ["07.txt"]


def test_workers_wait_for_a_slower_store(ray: None, tmp_path: Path) -> None:
    log, rows = tmp_path / "log", tmp_path / "many" / "rows.jsonl"
    rows.parent.mkdir()
    text = "The fair opened on Friday in town. " * 280
    lines = [json.dumps({"id": str(n), "title": "Fair", "text": f"{n} {text}"}) for n in range(8_000)]
    rows.write_text("\n".join(lines))
    with FileReader(Limits(), {}) as reader:
        made = prepare_on_cluster(
            [Unread("rows.jsonl", rows, "", {})],
            reader,
            rows.parent,
            address="local",
            load=partial(NotingEncoder, log),
            made=made_for(HashEncoder()),
        )
        next(made)
        encoded = -1
        while encoded < (now := log.stat().st_size):
            encoded = now
            time.sleep(15)
        others = sum(1 for _ in made)
    assert others == 8_000  # and what is known of the file
    assert log.stat().st_size > 1.2 * encoded


def test_workers_that_cannot_work_say_why(ray: None, folder: Path, tmp_path: Path) -> None:
    unread = [Unread("00.txt", folder / "00.txt", "", {})]
    source = partial(prepare_on_cluster, unread, address="local", load=HashEncoder)
    with FileReader(Limits(), {}) as reader:
        with pytest.raises(OSError, match="is no folder on the worker"):
            list(source(reader, tmp_path / "gone", made=made_for(HashEncoder())))
        here = made_for(HashEncoder())
        with pytest.raises(OSError, match=f"it has '{here}', and not 'another/6': install the same everywhere"):
            list(source(reader, folder, made="another/6"))
        with pytest.raises(OSError, match=r"on the worker .*, 'floppy://b/a' cannot be read .*not known: floppy"):
            list(source(reader, Storage("floppy://b/a"), made=made_for(HashEncoder())))


def test_the_clients_address_is_refused_with_what_to_give() -> None:
    if not find_spec("ray"):
        pytest.skip("needs the package ray[data]")
    with FileReader(Limits(), {}) as reader, pytest.raises(OSError, match="and give HOST:PORT"):
        list(prepare_on_cluster([], reader, Path(), address="ray://127.0.0.1:10001", load=HashEncoder, made=""))


@pytest.mark.model
def test_without_ray_one_process_does_it_and_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.__main__.find_spec", lambda name: None)
    assert main(["index", str(folder), "--ray", "local", "--index", str(tmp_path / "index")]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"90 articles under {folder}\n")
    assert told.err == "Ray is not installed (pip install 'ray[data]>=2.60,<2.64'): this process does it alone\n"
