"""Kill Ray's workers while they read: python tests/benchmarks/cluster.py ../shared/data [--times 20] [--uri URI]

Reads the beginnings of 300 articles of ../shared/data/realtimeqa by two of Ray's workers, and kills one with SIGKILL
every 4 to 12 seconds, once it has made something; where all is read before it was killed often enough, again from
nothing. Counts what was lost, what was stored twice, and what is not as one process makes it (`qa.doctor.differences`),
and prints how much memory this process and a worker had at most. With --uri it is stored in Milvus, such as
http://127.0.0.1:19530, as the libraries ray1, ray2 and so on.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ |= {"HF_HUB_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}

from kill import beginnings  # noqa: E402
from workers import encoding_workers  # noqa: E402

from embeddings import load_encoder  # noqa: E402
from qa import Library, open_library  # noqa: E402
from qa.cluster import prepare_on_cluster  # noqa: E402
from qa.doctor import differences  # noqa: E402
from qa.indexing import made_for  # noqa: E402
from qa.store import Compared, Prepared, Store, open_store  # noqa: E402


class Watch:
    """Counts how often each article is put in a store until all are compared."""

    def __init__(self, store: Store) -> None:
        self.stored: Counter[str] = Counter()
        self.comparing = False
        self._replace_article, self._compared = store.replace_article, store.compared
        store.replace_article, store.compared = self._put, self._compare  # type: ignore[method-assign]

    def _put(self, new: Prepared) -> None:
        self.stored[new.article.path] += not self.comparing
        self._replace_article(new)

    def _compare(self) -> Compared:
        self.comparing = True
        return self._compared()


def killing(watch: Watch, done: Event, killed: list[int], most: int, rng: random.Random) -> None:
    while not done.wait(rng.uniform(4, 12)) and len(killed) < most:
        workers = encoding_workers()
        if workers and watch.stored and not watch.comparing:
            killed.append(rng.choice(workers))
            os.kill(killed[-1], signal.SIGKILL)


def weighing(done: Event, most: Counter[str]) -> None:
    """Note how many MB this process and the largest worker hold at most, until all is done."""
    while not done.wait(1):
        for name, processes in (("this process", [os.getpid()]), ("a worker", encoding_workers())):
            most[name] = max([most[name], *map(megabytes, processes)])


def megabytes(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--articles", type=int, default=300)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--uri", help="of a Milvus server (default: the store on disk)")
    options = parser.parse_args()
    import ray

    ray.init(
        address="local",
        num_cpus=2,
        _node_ip_address="127.0.0.1",
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=200_000_000,
        runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
    )
    encoder = load_encoder()
    rng = random.Random(3)
    source = partial(prepare_on_cluster, address="local", load=load_encoder, made=made_for(encoder))
    kills, wrong, most = 0, Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "articles")
        folder.mkdir()
        for number, text in enumerate(beginnings(options.data)[: options.articles]):
            (folder / f"{number}.txt").write_text(text)
        time.sleep(3)  # of files that were just written another stamp is kept
        started = time.perf_counter()
        with open_library(folder, index=Path(work, "alone")) as library:
            print(f"one process: {library.count()} articles, {time.perf_counter() - started:.0f} s", flush=True)
        number = 0
        while kills < options.times or not number:
            number += 1
            index = f"{options.uri}/ray{number}" if options.uri else Path(work, f"ray{number}")
            store = open_store(index)
            store.discard()  # what an earlier run left in Milvus
            watch = Watch(store)
            done, killed = Event(), list[int]()
            beside = [
                Thread(target=killing, args=(watch, done, killed, options.times - kills, rng)),
                Thread(target=weighing, args=(done, most)),
            ]
            started = time.perf_counter()
            for thread in beside:
                thread.start()
            with Library(folder, store, encoder, source=source) as library:
                library.refresh()
                done.set()
                for thread in beside:
                    thread.join()
                lost = {file.name for file in folder.iterdir()} - watch.stored.keys()
                twice = [path for path, times in watch.stored.items() if times > 1]
                skipped = len(library.skipped)
            problems = list(differences(Path(work, "alone"), index))
            kills += len(killed)
            wrong.update(lost=len(lost), twice=len(twice), skipped=skipped, different=len(problems))
            seconds = time.perf_counter() - started
            print(f"{number}: {len(killed)} kills in {seconds:.0f} s; in all {kills}: {dict(wrong)}", flush=True)
            for problem in problems[:5]:
                print(f"   {problem.what}", flush=True)
            if options.uri:
                open_store(index).discard()
    print(f"{kills} kills: {dict(wrong)}; MB of memory at most: {dict(most)}")
    sys.exit(any(wrong.values()))


if __name__ == "__main__":
    main()
