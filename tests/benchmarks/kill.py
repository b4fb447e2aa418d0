"""Kill the indexing at random moments: python tests/benchmarks/kill.py ../shared/data

Indexes the 26 articles of ../shared/data/quotes, kills the process with SIGKILL at a random moment, starts it again,
and checks that every article is there once, whole and searchable; twenty times, each with an index of its own.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from answers import read_jsonl, write_articles  # noqa: E402

from qa.store import Store  # noqa: E402


def start(folder: Path, index: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "qa", "index", str(folder), "--index", str(index)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def held(index: Path) -> tuple[list[str], list[tuple[str, int, int]]]:
    """Return the paths of the articles that an index holds, and the spans of all passages that its FAISS file finds."""
    store = Store(index)
    articles = store.articles()
    store.load_indexes()
    found = store.search(np.ones(384, dtype=np.float32), 1_000_000)
    store.close()
    return [article.path for article in articles], sorted((p.article.path, p.start, p.end) for p, _ in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    rng = random.Random(11)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "articles")
        write_articles(read_jsonl(options.data / "quotes" / "quotes_dev_articles.jsonl"), folder)
        started = time.perf_counter()
        assert start(folder, Path(work, "whole")).wait() == 0
        seconds = time.perf_counter() - started
        whole = held(Path(work, "whole"))
        print(f"undisturbed: {len(whole[0])} articles, {len(whole[1])} passages, {seconds:.1f} s", flush=True)
        lost = 0
        for number in range(options.times):
            index = Path(work, str(number))
            process = start(folder, index)
            moment = rng.uniform(0.3, 1) * seconds
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kept = len(held(index)[0]) if (index / "library.sqlite").exists() else 0
            again = start(folder, index).wait()
            right = again == 0 and held(index) == whole
            lost += not right
            outcome = "right" if right else "WRONG"
            print(f"killed after {moment:4.1f} s with {kept:2} articles kept; started again: {outcome}", flush=True)
    print(f"{options.times} kills, {lost} of the next starts wrong")
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
