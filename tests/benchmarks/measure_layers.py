"""Measure what our models' layers read, for their rounding to 8 bits: python tests/benchmarks/measure_layers.py DATA

Passages, sentences and questions of RealTimeQA's even weeks, and odd texts, go through the encoder and the tagger in
float32; of each value that a linear layer reads, the least, the most and the mean are written beside the weights
(`embeddings.bert.measure`), and the sha256 that the code must name is printed. To be run anew after a training.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from answers import halves, read_jsonl
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import embeddings.minilm
from embeddings import MiniLMEncoder, TokenScorer
from embeddings.encoder import sha256_of
from qa.articles import Article
from qa.passages import sentence_spans, split_article
from qa.quotes import extract_quotes_many, tagger

# Short texts, other scripts, signs: what news in English has little of.
ODD = """|x|7|...|no|Syria|2019|U.S.|(c)|1, 2, 3, 4, 5, 6, 7|A B C D E F G|a.b.c@d.org|$5.2m up 3.4% to 1,200
https://www.example.org/a/b?c=d&e=f#g|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA|zxqj vwpk qqqq|!!! ??? ...|— – - _ * # @
Die Regierung hat am Montag ein neues Gesetz beschlossen.|Le président a déclaré mardi que la réforme serait reportée.
El presidente dijo el lunes que no habrá cambios.|Η κυβέρνηση ανακοίνωσε νέα μέτρα.|Президент подписал указ.
美国总统星期二发表讲话。|日本の首相は火曜日に記者会見を開いた。|한국 대통령은 월요일 연설했다.|ראש הממשלה אמר ביום שני
قال الرئيس يوم الاثنين إن المحادثات ستستمر.|प्रधानमंत्री ने सोमवार को कहा|😀 😡 🔥 🚀|<p>Breaking <b>news</b></p>
for i in range(10): print(i)|SELECT * FROM t WHERE a = 1;|said said said said|the the the the the|3.14159 2.71828
BREAKING: STOCKS FALL 3%|Goal! 1-0. 90+2'|ISBN 978-3-16-148410-0""".replace("\n", "|").split("|")
ARTICLES, PASSAGES, QUESTIONS, SENTENCES, QUOTED = 400, 1500, 400, 2000, 60


class Noting(TokenScorer):
    """Notes what it is given."""

    def __init__(self) -> None:
        super().__init__(tagger.WEIGHTS, tagger.SHA256)
        self.ids: list[Sequence[int]] = []
        self.types: list[Sequence[int]] = []

    def scores(self, ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> Any:
        self.ids += ids
        self.types += types
        return super().scores(ids, types)


def write(found: dict[str, Any], path: Path) -> None:
    """Write in float16, outwards: what was read lies within."""
    rounded = {}
    for name, (least, most, mean) in found.items():
        half = np.stack([least, most, mean]).astype(np.float16)
        half[0] = np.where(half[0] > least, np.nextafter(half[0], np.float16(-np.inf)), half[0])
        half[1] = np.where(half[1] < most, np.nextafter(half[1], np.float16(np.inf)), half[1])
        rounded[name] = half
    save_file(rounded, path)
    print(f"{path.name}: {path.stat().st_size} bytes, sha256 {sha256_of(path)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    data = parser.parse_args().data
    chance = random.Random(0)
    questions = read_jsonl(data / "realtimeqa" / "questions.jsonl")
    half_of = halves(questions)
    even = [row for row in questions if half_of[row["week"]] == "even" and row["article_ids"]]
    chance.shuffle(even)
    rows = {row["id"]: row for row in read_jsonl(data / "realtimeqa" / "articles.jsonl.gz")}
    encoder = MiniLMEncoder()

    def article(name: str) -> Article:
        return Article(name, rows[name]["title"], rows[name]["text"])

    def passages(name: str) -> list[str]:
        return [p.text for p in split_article(article(name), encoder.token_spans, encoder.token_limit)]

    names = list(dict.fromkeys(row["article_ids"][0] for row in even))[:ARTICLES]
    texts = chance.sample([text for name in names for text in passages(name)], PASSAGES)
    asked = [row["question"] for row in even[:QUESTIONS]]
    sentences = chance.sample([text[start:end] for text in texts for start, end in sentence_spans(text)], SENTENCES)
    write(encoder.measure([*texts, *asked, *sentences, *ODD]), embeddings.minilm.MEASURED[0])

    scorer = Noting()
    tagger._scorer = lambda: scorer  # type: ignore[assignment]
    list(extract_quotes_many(map(article, names[:QUOTED])))
    write(scorer.measure(scorer.ids, scorer.types), tagger.MEASURED[0])


if __name__ == "__main__":
    main()
