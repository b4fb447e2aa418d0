"""Fuzz the reading of files: pip install atheris && python tests/benchmarks/fuzz.py -max_total_time=300

Whatever bytes a file has, reading it yields texts that can be kept and reasons that can be printed, and raises nothing.
What comes up belongs among the regressions of tests/test_reading.py. Other arguments are libFuzzer's.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["qa.formats", "qa.articles", "csv", "email", "zipfile", "json"]):
    from qa.articles import UnreadableArticleError, parse_article
    from qa.formats import Limits, answered

SUFFIXES = (".jsonl", ".csv", ".zip", ".eml", ".rss", ".html", ".txt", ".md", ".epub", ".docx")
FOLDER = Path(tempfile.mkdtemp())


def read(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    suffix = SUFFIXES[provider.ConsumeIntInRange(0, len(SUFFIXES) - 1)]
    file = FOLDER / f"a{suffix}"
    file.write_bytes(provider.ConsumeBytes(provider.remaining_bytes()))
    request = {"file": str(file), "suffix": suffix, "columns": {}, "passed_over": []}
    for said in answered(request, Limits(mb=5, archive_mb=10)):
        json.dumps(said)
        if "text" not in said:
            assert said["reason"] or suffix == ".zip"
            continue
        try:
            article = parse_article(said["text"], f"a{suffix}#{said['name']}", said["fields"])
        except UnreadableArticleError:
            continue
        json.dumps(article.as_dict()).encode()
        article.text.encode()
        assert 0 <= article.body <= len(article.text)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
