"""Files -> what is stored of them, by a cluster's workers (Ray Data): for the bulk of a large library."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from embeddings import Encoder
from qa.articles import Skipped
from qa.indexing import Changed, Unread, Whole, cut, made_for, prepare, read_changed
from qa.reading import FileReader
from qa.rows import as_read
from qa.storage import Folder, Storage
from qa.store import Prepared

_ROOT = Path(__file__).resolve().parents[1]
_NOT_SENT = [".git", "docs", "seeds", "tests"]
# Of each processor a worker that encodes takes so much, and leaves the rest to those that read: if it took all, nobody
# would read.
_ENCODING, _READING = 0.5, 0.25
# A worker that was killed has its task done again so often; what fails then is done by itself, and that so often.
_RETRIES, _ALONE = 3, 3
# So many files are read by one task, and so many articles encoded at once; so many bytes go from task to task, which
# is about what is lost when a worker is killed.
_FILES, _ARTICLES, _BYTES = 32, 16, 500_000
# What Ray holds between the tasks, where it is started here.
_STORE_BYTES = 200_000_000


def prepare_on_cluster(
    unread: Sequence[Unread],
    reader: FileReader,
    folder: Folder,
    *,
    address: str,
    load: Callable[[], Encoder],
    made: str,
) -> Generator[Prepared | Whole, None, None]:
    """Yield what is stored of files, and after all of a file's articles what is known of it, as workers make it.

    It is a `qa.indexing.Source`. ``address`` is that of a cluster, or "local" for one that is started here and ended
    after it. The workers ``load`` the encoder, which must be the one that ``made`` names (`made_for`). What ends its
    worker again and again is named as skipped. Raises OSError where there is no cluster, or its workers cannot work.
    """
    held = {file.path: dict(file.held) for file in unread}
    left = {file.path: replace(file, held=held[file.path]) for file in unread}
    known: dict[str, Whole] = {}
    with _connected(address):
        for alone in (False, *[True] * _ALONE):
            for done in _stream(list(left.values()), reader, folder, load, made, alone=alone):
                if isinstance(done, Prepared):
                    yield done
                    held[done.file][done.article.path] = as_read(done.article)
                else:
                    known[done.path] = done
                path = done.file if isinstance(done, Prepared) else done.path
                if path in known and not _lacking(known[path], left[path]):
                    yield known.pop(path)
                    del left[path]
            if not left:
                return
    for path, file in left.items():
        lacking = _lacking(known[path], file) if path in known else [path]
        why = "reading it ended the worker that did, again and again: it is damaged, or takes too much memory"
        skipped = tuple(Skipped(place, why) for place in lacking)
        whole = known.get(path, Whole(path, "", (), frozenset(file.held), {}))
        # Without a stamp, it is tried again next time.
        yield replace(whole, stamp="", skipped=whole.skipped + skipped, places=whole.places - set(lacking))


def _lacking(whole: Whole, file: Unread) -> list[str]:
    """Return the paths of the articles that are still to come."""
    return [place for place, read in whole.changed.items() if file.held.get(place) != read]


@contextmanager
def _connected(address: str) -> Iterator[None]:
    # Nothing is reported to Ray's makers, and only what goes wrong is told.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "ERROR")
    if address == "local":  # as Ray does on Windows: it listens on the loopback address only
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    import ray

    if address.startswith("ray://"):
        raise OSError(
            f"{address!r} is for Ray's client, which Ray Data does not work through: run this on a machine of the "
            "cluster (ray start --address=HOST:PORT makes it one), and give HOST:PORT"
        )
    if ray.is_initialized():
        yield
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        here: dict[str, Any] = {
            "_node_ip_address": "127.0.0.1",
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
        }
        ray.init(address="local", **here, **quiet)
    else:
        ray.init(address=address, runtime_env={"working_dir": str(_ROOT), "excludes": _NOT_SENT}, **quiet)
    try:
        yield
    finally:
        ray.shutdown()


def _stream(
    files: Sequence[Unread], reader: FileReader, folder: Folder, load: Callable[[], Encoder], made: str, *, alone: bool
) -> Iterator[Prepared | Whole]:
    """Yield what the workers make, in the files' order, but for what ended them; ``alone``: article by article."""
    import ray
    from ray.util.annotations import RayDeprecationWarning

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    context.max_errored_blocks = -1
    context.target_max_block_size = 1 if alone else _BYTES
    step = 1 if alone else _FILES
    processors = int(ray.cluster_resources().get("CPU", 1))
    # Ray 2.64 no longer takes by these names how often a task is done again: hence the version that is asked for.
    warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated", RayDeprecationWarning)
    rows = (
        ray.data.from_arrow([_packed(files[first : first + step]) for first in range(0, len(files), step)])
        .map_batches(
            _read,
            fn_kwargs={"reader": reader, "folder": folder},
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=_READING,
            max_retries=_RETRIES,
        )
        .map_batches(
            _Worker,
            fn_constructor_kwargs={"load": load, "made": made},
            batch_size=1 if alone else _ARTICLES,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=max(1, processors), max_tasks_in_flight_per_actor=1 if alone else 2
            ),
            num_cpus=_ENCODING,
            max_restarts=-1,
            max_task_retries=_RETRIES,
        )
    )
    for batch in rows.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
        for one in _unpacked(batch):
            if isinstance(one, str):
                raise OSError(one)
            yield one


def _read(batch: Any, *, reader: FileReader, folder: Folder) -> Iterator[Any]:
    """Read files: yield (file, article) for those that changed, and at the end of each file what is known of it."""
    if unseen := _unseen(folder):
        yield _packed([unseen])
        return
    with reader:
        for file in _unpacked(batch):
            for found in read_changed(reader, file):
                yield _packed([found if isinstance(found, Whole) else (file.path, found)])


def _unseen(folder: Folder) -> str | None:
    """Return why this worker cannot read the folder's files, if it cannot."""
    worker = f"the worker {os.uname().nodename}"
    if isinstance(folder, Storage):
        try:
            folder.opened()
        except OSError as error:
            return f"on {worker}, {error}"
    elif not folder.is_dir():
        return f"{str(folder)!r} is no folder on {worker}: put it where all see it"
    return None


class _Worker:
    """Cuts, extracts quotes and encodes, with models that are loaded once."""

    def __init__(self, load: Callable[[], Encoder], made: str) -> None:
        self._load = load
        self._made = made

    @cached_property
    def _encoder(self) -> Encoder:
        encoder = self._load()
        if made_for(encoder) != self._made:
            raise ValueError(f"it has {made_for(encoder)!r}, and not {self._made!r}: install the same everywhere")
        return encoder

    def __call__(self, batch: Any) -> Iterator[Any]:
        found = list(_unpacked(batch))
        try:
            changed = [Changed(one[1], one[0], cut(self._encoder, one[1])) for one in found if isinstance(one, tuple)]
            made = iter(prepare(self._encoder, changed))
        except Exception as error:  # whatever it is, it is told where the command was given
            yield _packed([f"the worker {os.uname().nodename} cannot work: {error}"])
            return
        yield _packed([next(made) if isinstance(one, tuple) else one for one in found])


def _packed(rows: Iterable[object]) -> Any:
    import pyarrow

    return pyarrow.table({"row": pyarrow.array([pickle.dumps(row) for row in rows], pyarrow.large_binary())})


def _unpacked(table: Any) -> Iterator[Any]:
    """Yield what `_packed` made: by nobody but this program's own workers."""
    return (pickle.loads(row) for row in table.column("row").to_pylist())  # noqa: S301
