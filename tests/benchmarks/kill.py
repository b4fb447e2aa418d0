"""Kill the indexing at random moments: python tests/benchmarks/kill.py ../shared/data [--times 200]

Indexes the beginnings of 500 articles of ../shared/data/realtimeqa. Then, again and again: adds, changes and removes
files, starts `python -m qa index` and kills it with SIGKILL at a random moment, every second time at one within 0.6 s
of its first write. After each kill, `qa.doctor` must find
no damage; after the next start nothing at all, and what is held must be what the folder holds: nothing lost, nothing
twice, nothing stale.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from embeddings import load_encoder  # noqa: E402
from qa import open_library  # noqa: E402
from qa.doctor import examine  # noqa: E402
from qa.formats import Limits  # noqa: E402
from qa.indexing import made_for  # noqa: E402
from qa.reading import FileReader  # noqa: E402

ARTICLES, CHANGES = 500, 12


def start(folder: Path, index: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "qa", "index", str(folder), "--index", str(index)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def beginnings(data: Path) -> list[str]:
    """The first three paragraphs of different articles."""
    with gzip.open(data / "realtimeqa" / "articles.jsonl.gz", "rt") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    return list(dict.fromkeys("\n\n".join(text.split("\n")[:3]) + "\n" for text in texts))


def change(folder: Path, texts: list[str], rng: random.Random) -> None:
    """Add, change and remove files, and give one a copy."""
    files = sorted(folder.iterdir())
    for file in rng.sample(files, CHANGES):
        file.unlink()
    for file in rng.sample(sorted(folder.iterdir()), CHANGES):
        file.write_text(f"{rng.random()} was written on top.\n\n{file.read_text()}")
    for _ in range(CHANGES):
        (folder / f"{rng.randrange(10**9)}.txt").write_text(texts.pop())
    kept = rng.choice(sorted(folder.iterdir()))
    (folder / f"{rng.randrange(10**9)}.txt").write_text(kept.read_text())


def moment(left: int) -> str:
    return "killed before it noted a file" if left > 3 * CHANGES else "killed with some files noted"


def wait_for_writing(process: subprocess.Popen[bytes], index: Path) -> None:
    """Wait until the process writes its first article."""
    log = index / "library.sqlite-wal"

    def size() -> tuple[int, int]:
        status = log.stat() if log.exists() else None
        return (status.st_size, status.st_mtime_ns) if status else (0, 0)

    before = size()
    while process.poll() is None and size() in (before, (0, 0)):
        time.sleep(0.001)


def wrong(folder: Path, index: Path) -> list[str]:
    """Bring the index in step, and say what of the folder it does not hold, or holds twice or as it was."""
    with open_library(folder, index=index) as library:
        held = library.articles()
        places = Counter(path for article in held for path in (article.path, *article.copies))
        there = {file.name: file.read_text() for file in folder.iterdir()}
        problems = [f"{path} is lost" for path in there.keys() - places.keys()]
        problems += [f"{path} is held {count} times" for path, count in places.items() if count > 1]
        problems += [f"{path} is gone" for path in places.keys() - there.keys()]
        for article in held:
            problems += [
                f"{path} is stale" for path in (article.path, *article.copies) if there.get(path) != article.text
            ]
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    rng = random.Random(11)
    texts = beginnings(options.data)
    how = made_for(load_encoder())
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as work, FileReader(Limits(), {}) as reader:
        folder, index = Path(work, "articles"), Path(work, "index")
        folder.mkdir()
        for number in range(ARTICLES):
            (folder / f"{number}.txt").write_text(texts.pop())
        assert not wrong(folder, index)
        change(folder, texts, rng)
        started = time.perf_counter()
        assert start(folder, index).wait() == 0
        seconds = time.perf_counter() - started
        print(f"undisturbed: {3 * CHANGES + 1} files of {ARTICLES} changed, {seconds:.1f} s", flush=True)
        for number in range(1, options.times + 1):
            change(folder, texts, rng)
            process = start(folder, index)
            if number % 2:
                wait_for_writing(process, index)
                time.sleep(rng.uniform(0, 0.6))
            else:
                time.sleep(rng.uniform(0.3, 1) * seconds)
            ended = process.poll() is not None
            process.send_signal(signal.SIGKILL)
            process.wait()
            damage = [p.what for p in examine(folder, index, reader, how) if p.touches in ("all", "articles")]
            left = sum(p.touches == "folder" for p in examine(folder, index, reader, how))
            problems = [*damage, *wrong(folder, index), *(p.what for p in examine(folder, index, reader, how))]
            outcomes["ended before it was killed" if ended else "killed at its end" if not left else moment(left)] += 1
            outcomes["wrong"] += bool(problems)
            if problems or number % 10 == 0:
                print(f"{number}: {left} left to do; {'; '.join(problems) or 'nothing wrong'}", flush=True)
    print(f"{options.times} kills: {dict(outcomes)}")
    sys.exit(bool(outcomes["wrong"]))


if __name__ == "__main__":
    main()
