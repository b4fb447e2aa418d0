"""Work out what an archive of news costs in Milvus: python tests/benchmarks/scale.py [INDEX]

Prints a table for 1, 10 and 100 million articles. What an article comes to is measured on INDEX, the index of a folder
that is like the archive (`python -m qa index FOLDER --index INDEX`); without it, what 500 articles of RealTimeQA came
to is taken. What Milvus makes of that is worked out, not measured: the assumptions are printed with the table.
"""

from __future__ import annotations

import argparse
import sqlite3
from dataclasses import astuple, dataclass
from math import ceil
from pathlib import Path

DIMENSION = 384
FLOAT32, BITS8 = 4 * DIMENSION, DIMENSION  # bytes of a vector
LINKS = 2 * 18 * 4 * 1.1  # bytes of a vector's neighbours in HNSW with M = 18, Milvus' own choice, with upper levels
CPU_SECONDS = 0.033  # a passage, read, cut, quoted and encoded: "build: CPU s" of 14,750 in docs/measures.md
OVERHEAD = 1.3  # what is loaded beside the data: segments that are being built, deletions, the process
NODE = 64 * 0.7  # GB of a query node's 64 that are filled before the next one is needed
COPIES = 2  # of each segment in memory, so that a node may be lost
SIZES = (1_000_000, 10_000_000, 100_000_000)


@dataclass(frozen=True)
class Article:
    """What an article comes to, on average: numbers, and bytes."""

    passages: float = 17.9
    quotes: float = 27.9
    text: float = 8_837
    passage_words: float = 300  # the stemmed words of a passage's 468 characters
    quote: float = 150


def measured(index: Path) -> Article:
    with sqlite3.connect(index / "library.sqlite") as database:

        def one(query: str) -> float:
            return float(database.execute(query).fetchone()[0] or 0)

        articles = one("SELECT count(*) FROM articles WHERE same_as IS NULL") or 1
        length = one('SELECT avg("end" - "start") FROM passages')
        return Article(
            one("SELECT count(*) FROM passages") / articles,
            one("SELECT count(*) FROM quotes") / articles,
            one("SELECT avg(length(CAST(text AS BLOB))) FROM articles"),
            0.64 * length,
            one("SELECT avg(length(cue) + length(mention) + length(speaker) + 60) FROM quotes") or 150,
        )


def costs(of: Article, articles: int) -> list[tuple[str, str]]:
    passages, quotes = of.passages * articles, of.quotes * articles
    gb = 1e-9
    words = passages * of.passage_words * gb
    hnsw, hnsw8 = (passages * (vector + LINKS) * gb * OVERHEAD for vector in (FLOAT32, BITS8))
    bm25 = 0.4 * words * OVERHEAD  # postings of the words, about two bytes of five
    fetched = quotes * (FLOAT32 + of.quote) * gb + articles * (of.text + FLOAT32 + 1_500) * gb
    disk = passages * FLOAT32 * gb + words + fetched + hnsw + bm25
    return [
        ("passages, millions", f"{passages / 1e6:,.0f}"),
        ("quotes, millions", f"{quotes / 1e6:,.0f}"),
        ("core hours to fill it", f"{passages * CPU_SECONDS / 3600:,.0f}"),
        ("memory, float32 vectors (HNSW), GB", f"{hnsw + bm25:,.0f}"),
        ("memory, 8-bit vectors (HNSW_SQ), GB", f"{hnsw8 + bm25:,.0f}"),
        ("read from disk by mmap: texts, quotes, titles, GB", f"{fetched + words:,.0f}"),
        ("object storage, GB", f"{disk:,.0f}"),
        (f"query nodes of 64 GB, 8-bit, {COPIES} replicas", f"{ceil(COPIES * (hnsw8 + bm25) / NODE):,}"),
        ("the same on one machine on disk (SQLite, FAISS, tantivy), GB", f"{articles * 125_600 * gb:,.0f}"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path, nargs="?")
    options = parser.parse_args()
    of = measured(options.index) if options.index else Article()
    names = ("passages", "quotes", "bytes of text", "bytes of a passage's words", "bytes of a quote")
    print("An article: " + ", ".join(f"{value:,.1f} {name}" for name, value in zip(names, astuple(of), strict=True)))
    print(
        f"Assumed: vectors of {DIMENSION}; {LINKS:.0f} bytes of HNSW links each; {OVERHEAD} times what is held; BM25 "
        f"0.4 of the words; {CPU_SECONDS} CPU seconds a passage; {NODE:.0f} of 64 GB filled; {COPIES} replicas\n"
    )
    columns = [costs(of, size) for size in SIZES]
    print(f"| articles | {' | '.join(f'{size // 1_000_000:,} million' for size in SIZES)} |")
    print(f"|---{'|---:' * len(SIZES)}|")
    for row in zip(*columns, strict=True):
        print(f"| {row[0][0]} | {' | '.join(value for _, value in row)} |")


if __name__ == "__main__":
    main()
