"""Train qa/reader.safetensors: ``python tests/benchmarks/train_reader.py ../shared/data WORK``.

Two stages, kept in WORK, of which the second goes on where it was broken off (two cores: 10 minutes and 70;
``--limit 700`` runs all of it on 2% of the data in two minutes, to no use but to see that it does):

1. questions: all-MiniLM-L6-v2 learns to point at answers in single sentences (QAMR, 33,000 questions);
2. reader: that learns to point at answers in passages, cut as the library cuts articles, or at nothing. A question
   comes with the passage that answers it, half of the time with another of the same text, and with one of the three
   that BM25 finds nearest to it in other texts (SQuADShifts, a part of SQuAD 2.0, QED and NQ-open's oracle passages).

The loss is SQuAD 2.0's in each passage (the first token is "nothing"), and half of that over the tokens of all passages
of a question together, so that scores compare between passages (Clark and Gardner 2018). One text in twenty is kept out
of the training, and measured at the end. The sha256 that is printed belongs into qa/reader.py.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from answers import auroc  # noqa: E402
from training import (  # noqa: E402
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

from embeddings import LexicalIndex, MiniLMEncoder, MiniLMSpanScorer, Row  # noqa: E402
from embeddings.encoder import sha256_of  # noqa: E402
from embeddings.spans import READ, pair  # noqa: E402
from qa.articles import Article  # noqa: E402
from qa.evaluation import exact_match, token_f1  # noqa: E402
from qa.passages import split_article  # noqa: E402
from qa.reader import SpanReader  # noqa: E402

SETS = (
    "squadshifts_amazon",
    "squadshifts_new_wiki",
    "squadshifts_reddit",
    "squad_v2_part",
    "qed_dev",
    "nq_open_oracle",
)
KEPT_OUT = 20  # one text of so many
SIZE, RATE, CHECKPOINT = 12, 2.5e-4, 250
MOST_TOKENS = 192


class Passage(NamedTuple):
    context: int
    start: int
    end: int
    text: str


class Group(NamedTuple):
    """A question with the numbers of its passages: ``right`` holds the answer at ``span``, the others do not."""

    question: str
    right: int | None
    span: tuple[int, int]
    beside: list[int]
    near: list[int]
    name: str
    kept_out: bool
    answers: list[str]


def read_groups(data: Path) -> tuple[list[Passage], list[Group]]:
    rows = []
    for name in SETS:
        with gzip.open(data / "reading" / f"{name}.jsonl.gz", "rt") as lines:
            rows += [(name, json.loads(line)) for line in lines]
    contexts = {context: i for i, context in enumerate(dict.fromkeys(row["context"] for _, row in rows))}
    encoder = MiniLMEncoder()
    passages, of_context = [], defaultdict(list)
    for context, i in contexts.items():
        for cut in split_article(Article(str(i), "", context), encoder.token_spans, encoder.token_limit):
            of_context[i].append(len(passages))
            passages.append(Passage(i, cut.start, cut.end, cut.text))
    with tempfile.TemporaryDirectory() as folder:
        index = LexicalIndex(Path(folder))
        index.change(Row(i, "", passage.text) for i, passage in enumerate(passages, 1))
        groups = [_group(name, row, contexts[row["context"]], passages, of_context, index) for name, row in rows]
    return passages, [group for group in groups if group]


def _group(
    name: str,
    row: dict[str, Any],
    context: int,
    passages: Sequence[Passage],
    of_context: dict[int, list[int]],
    index: LexicalIndex,
) -> Group | None:
    answers = [answer for answer in row["answers"] if answer["start"] >= 0]
    if not answers and not row.get("is_impossible"):
        return None
    right, span = None, (0, 0)
    if answers:
        start = answers[0]["start"]
        end = start + len(answers[0]["text"])
        right = next((n for n in of_context[context] if passages[n].start <= start and end <= passages[n].end), None)
        if right is None:
            return None
        span = (start - passages[right].start, end - passages[right].start)
    texts = [answer["text"].lower() for answer in answers]

    def lacks(n: int) -> bool:
        return not any(text in passages[n].text.lower() for text in texts)

    beside = [n for n in of_context[context] if n != right and lacks(n)]
    near = [n - 1 for n, _ in index.search(row["question"], 12)]
    near = [n for n in near if passages[n].context != context and lacks(n)]
    kept_out = int(sha256(row["context"].encode()).hexdigest(), 16) % KEPT_OUT == 0
    return Group(row["question"], right, span, beside, near[:5], name, kept_out, [answer["text"] for answer in answers])


class Pairs:
    """Questions with passages, as the model reads them."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._tokens = tokenizer()

    def example(self, question: str, number: int, span: tuple[int, int] | None) -> Example:
        asked, read = self._tokens.encode(question), self._tokens.encode(self._passages[number].text)
        ids, types = pair(asked.ids, read.ids)
        first = types.index(READ) - 1
        on = [first + i for i in inside(read.offsets, span)] if span else []
        on = [i for i in on if i < len(ids) - 1] or [0]
        return Example(ids, types, (on[0], on[-1]))

    def of(self, group: Group, chance: random.Random) -> list[Example]:
        found = [self.example(group.question, group.right, group.span)] if group.right is not None else []
        if group.beside and (group.right is None or chance.random() < 0.5):
            found.append(self.example(group.question, chance.choice(group.beside), None))
        if group.near:
            found.append(self.example(group.question, chance.choice(group.near[:3]), None))
        return found


def loss_of(model: Marker, groups: Sequence[list[Example]]) -> Any:
    """Return the loss of a batch; it is read in three parts, of like length each, so that little is padded."""
    examples = [example for group in groups for example in group]
    order = sorted(range(len(examples)), key=lambda n: len(examples[n].ids))
    width = len(examples[order[-1]].ids)
    parts = []
    for part in np.array_split(order, 3):
        if len(part):
            scores = scores_of(model, [examples[n].ids for n in part], [examples[n].types for n in part])
            parts.append(nn.functional.pad(scores, (0, 0, 0, width - scores.shape[1]), value=-1e4))
    scores = torch.cat(parts)[torch.tensor(np.argsort(order))]
    goal = torch.tensor([example.targets for example in examples])
    read = torch.tensor([[*e.types[:-1], 0, *[0] * (width - len(e.types))] for e in examples]).bool()
    with_nothing = read.clone()
    with_nothing[:, 0] = True
    alone = scores.masked_fill(~with_nothing[..., None], -1e4)
    loss = sum(cross_entropy(alone[..., j], goal[:, j]) for j in range(2))
    spans = scores.masked_fill(~read[..., None], -1e4)
    each = torch.logsumexp(spans, 1)
    together, first = [], 0
    for group in groups:
        whole = torch.logsumexp(each[first : first + len(group)], 0)
        together += [
            whole[j] - spans[first + i, example.targets[j], j]
            for i, example in enumerate(group)
            if example.targets[0]
            for j in range(2)
        ]
        first += len(group)
    return loss + (torch.stack(together).sum() / len(together) if together else 0)


def train(model: Marker, passages: Sequence[Passage], groups: Sequence[Group], file: Path) -> None:
    pairs, optimizer = Pairs(passages), optimizer_of(model)
    order = batches([len(passages[g.right].text) if g.right is not None else 400 for g in groups], SIZE)
    done = 0
    if file.exists():
        saved = torch.load(file)
        model.load_state_dict(saved["model"], strict=False)
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["steps"]
    model.train()
    losses: list[float] = []
    for step, batch in enumerate(order[done:], done + 1):
        chance = random.Random(step)
        loss = loss_of(model, list(filter(None, (pairs.of(groups[n], chance) for n in batch))))
        take_step(model, optimizer, loss, rate=RATE, done=step / len(order))
        losses.append(loss.item())
        if step % CHECKPOINT == 0 or step == len(order):
            print(f"step {step} of {len(order)}: loss {np.mean(losses):.3f}", flush=True)
            losses = []
            part = file.with_suffix(".new")
            torch.save({"model": model.trained(), "optimizer": optimizer.state_dict(), "steps": step}, part)
            part.replace(file)


def measure(weights: Path, passages: Sequence[Passage], groups: Sequence[Group]) -> None:
    """Print how well the texts that were kept out are read."""
    reader = SpanReader(MiniLMSpanScorer(weights, sha256_of(weights)))
    print("exact match and F1 in the passage that answers; and how often that is preferred to a near one")
    for name in SETS:
        right: list[list[float]] = []
        odds: dict[bool, list[float]] = {True: [], False: []}
        for group in (group for group in groups if group.name == name):
            numbers = [n for n in (group.right, *group.near[:1]) if n is not None]
            texts = [passages[n].text for n in numbers]
            for n, text, span in zip(numbers, texts, reader.best(group.question, texts), strict=True):
                odds[n == group.right].append(span.odds if span else -99.0)
                if n == group.right:
                    right.append(agreement(text[span.start : span.end] if span else "", group.answers))
        if right:
            above = auroc(odds[True], odds[False]) if odds[False] else 0
            em, f1 = np.mean(right, axis=0)
            print(f"{name}: {len(right)} questions, EM {em:.3f}, F1 {f1:.3f}; AUROC {above:.3f}", flush=True)
    values = []
    for group in (group for group in groups if group.name == "squad_v2_part"):
        texts = [passages[n].text for n in (group.right, *group.beside) if n is not None]
        spans = [(span, text) for span, text in zip(reader.best(group.question, texts), texts, strict=True) if span]
        span, text = max(spans, key=lambda pair: pair[0].odds)
        values.append(agreement(text[span.start : span.end] if span.odds > 0 else "", group.answers or [""]))
    if values:
        em, f1 = np.mean(values, axis=0)
        print(f"as SQuAD 2.0 measures, unanswerable ones included: {len(values)} questions, EM {em:.3f}, F1 {f1:.3f}")


def agreement(said: str, answers: Sequence[str]) -> list[float]:
    """Return exact match and F1 with the answer that is most like what was said."""
    return [max(measured(said, answer) for answer in answers) for measured in (exact_match, token_f1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--limit", type=int, help="how many questions to train on in each stage")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    torch.manual_seed(1)
    random.seed(1)
    first = Marker(types=5, labels=4)
    done = options.work / "questions.pt"
    if not done.exists():
        learn_questions(first, options.data, options.limit, MOST_TOKENS)
        torch.save(first.trained(), done)
    first.load_state_dict(torch.load(done), strict=False)
    model = Marker(types=2, labels=2, dropout=False)
    state = first.trained()
    state["types.weight"] = state["types.weight"][:1].repeat(2, 1)
    state["head.weight"], state["head.bias"] = state["head.weight"][:2], state["head.bias"][:2]
    model.load_state_dict(state, strict=False)
    passages, groups = read_groups(options.data)
    random.seed(1)
    torch.manual_seed(1)
    trained_on = [group for group in groups if not group.kept_out]
    random.shuffle(trained_on)
    train(model, passages, trained_on[: options.limit], options.work / "reader.ck")
    write(model, options.work / "reader.safetensors")
    kept_out = [group for group in groups if group.kept_out]
    random.shuffle(kept_out)
    measure(options.work / "reader.safetensors", passages, kept_out[: options.limit])


if __name__ == "__main__":
    main()
