"""Time the page from its start to its first answer: python tests/benchmarks/start.py

Runs "python app.py" on the articles that ship, without and with an index, and prints when the page first answers a
browser, and when /ask has answered the first question, in seconds since the process was started: medians.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from gradio_client import Client

ROOT = Path(__file__).resolve().parents[2]


def run(index: str) -> tuple[float, float]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), "--index", index, "--state", index],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    while True:
        with suppress(OSError), urlopen(address):
            opened = time.perf_counter() - started
            break
        time.sleep(0.05)
    answer = Client(address, verbose=False).predict("what did Lavrov say about al-Qaida?", api_name="/ask")
    answered = time.perf_counter() - started
    assert answer["refusal"] is None
    process.send_signal(signal.SIGINT)
    process.wait()
    return opened, answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    rows = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as index:
            rows.append((*run(index), *run(index)))
    for name, opened, answered in (("without an index", 0, 1), ("with its index", 2, 3)):
        page, answer = (median(row[column] for row in rows) for column in (opened, answered))
        print(f"{name}: page open after {page:.1f} s, first answer after {answer:.1f} s (medians of {times})")


if __name__ == "__main__":
    main()
