"""Kill the Milvus server while it is filled: python tests/benchmarks/kill_server.py ../shared/data [--times 20]

Indexes the beginnings of 60 articles of ../shared/data/realtimeqa into milvus-lite. Then, again and again: changes the
folder, starts `python -m qa index`, and kills the server with SIGKILL at a random moment. After each kill the server is
started anew, and each article must be there as it was before or as the file is now, whole, and none twice; after the
next start of the index, what is held must be what the folder holds, with nothing left of other versions.
"""

from __future__ import annotations

import argparse
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from kill import ROOT, beginnings, change

from embeddings import load_encoder
from qa.doctor import examine
from qa.formats import Limits
from qa.indexing import made_for
from qa.milvus import MilvusStore
from qa.reading import FileReader

ARTICLES = 60


def serve(data: Path, port: int) -> subprocess.Popen[bytes]:
    command = ["milvus-lite", "server", "--data-dir", str(data), "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.05)


def index(folder: Path, uri: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "qa", "index", str(folder), "--uri", uri]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def there(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def after_kill(uri: str, before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Say what is neither as it was nor as it is to be, and what is there twice."""
    store = MilvusStore(uri)
    held = store.articles()
    places = Counter(path for article in held for path in (article.path, *article.copies))
    wrong = [f"{path} is held {count} times" for path, count in places.items() if count > 1]
    wrong += [f"{path} is lost" for path in before.keys() & now.keys() - places.keys()]
    for article in held:
        for path in (article.path, *article.copies):
            if article.text not in (before.get(path), now.get(path)):
                wrong.append(f"{path} is neither old nor new")
        made = store.get(article.id)
        if made is None:
            wrong.append(f"{article.path} is damaged")
        elif made.passages:  # there are none where all is boilerplate
            hits = store.search(made.passage_vectors[0], "", len(made.passages) + 5, article=article.id)
            found = sorted((p.start, p.end) for p in store.passages([hit.passage for hit in hits]).values())
            if found != sorted((p.start, p.end) for p in made.passages):
                wrong.append(f"{article.path} is found as {found}")
    store.close()
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    rng = random.Random(5)
    texts = beginnings(options.data)
    how = made_for(load_encoder())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    uri = f"http://127.0.0.1:{port}/kill"
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as work, FileReader(Limits(), {}) as reader:
        folder, data = Path(work, "articles"), Path(work, "milvus")
        folder.mkdir()
        for number in range(ARTICLES):
            (folder / f"{number}.txt").write_text(texts.pop())
        server = serve(data, port)
        assert index(folder, uri).wait() == 0
        before = there(folder)
        change(folder, texts, rng)
        began = time.perf_counter()
        assert index(folder, uri).wait() == 0
        seconds = time.perf_counter() - began
        print(f"undisturbed: {seconds:.1f} s", flush=True)
        for number in range(1, options.times + 1):
            before = there(folder)
            change(folder, texts, rng)
            process = index(folder, uri)
            time.sleep(rng.uniform(0.4, 1) * seconds)
            ended = process.poll() is not None
            server.send_signal(signal.SIGKILL)
            server.wait()
            code = process.wait()
            server = serve(data, port)
            problems = after_kill(uri, before, there(folder))
            if index(folder, uri).wait() != 0:
                problems.append("the next start of the index failed")
            problems += [problem.what for problem in examine(folder, uri, reader, how)]
            problems += after_kill(uri, there(folder), there(folder))
            outcomes["ended before" if ended else f"the index ended with {code}"] += 1
            outcomes["wrong"] += bool(problems)
            print(f"{number}: {'; '.join(problems[:5]) or 'nothing wrong'}", flush=True)
        server.kill()
    print(f"{options.times} kills: {dict(outcomes)}")
    sys.exit(bool(outcomes["wrong"]))


if __name__ == "__main__":
    main()
