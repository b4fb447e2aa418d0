"""Train qa/reader.safetensors: ``python tests/benchmarks/train_reader.py ../shared/data WORK``.

Three stages, kept in WORK, of which the last two go on where they were broken off (two cores: 10 minutes, 70 and 45;
``--limit 700`` runs all of it on 2% of the data in two minutes, to no use but to see that it does):

1. questions: all-MiniLM-L6-v2 learns to point at answers in single sentences (QAMR, 33,000 questions);
2. reader: that learns to point at answers in passages, cut as the library cuts articles, or at nothing. A question
   comes with the passage that answers it, half of the time with another of the same text, and with one of the three
   that BM25 finds nearest to it in other texts (SQuADShifts, a part of SQuAD 2.0, QED and NQ-open's oracle passages);
3. near: that learns from near misses. Three in ten of the questions come once more with the passage that answers, with
   the one that the reader of stage 2 takes for the answer soonest of those that do not, and half of the time with the
   first without the answer's sentence.

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
    read_back,
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
from qa.passages import sentence_spans, split_article  # noqa: E402
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
SIZE, RATE, NEAR_RATE, CHECKPOINT = 12, 2.5e-4, 1e-4, 250
NEAR_MISSES = 0.3  # so many of the questions are learnt with them
LEAST_LEFT = 120  # characters
MOST_TOKENS = 192


class Passage(NamedTuple):
    context: int
    start: int
    end: int
    text: str


class Group(NamedTuple):
    """A question with the numbers of its passages: ``right`` holds the answer at ``span``, the others do not.

    ``rest`` is the right one without the answer's sentence.
    """

    question: str
    right: int | None
    span: tuple[int, int]
    beside: list[int]
    near: list[int]
    name: str
    kept_out: bool
    answers: list[str]
    rest: int | None = None


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


def with_near_misses(passages: list[Passage], groups: Sequence[Group], weights: Path, kept: Path) -> list[Group]:
    """Return groups with what is nearest to answering; the passages without an answer's sentence are added.

    Of the passages beside and near, that is the one which the reader of ``weights`` takes for the answer soonest.
    """
    if not kept.exists():
        reader, nearest = SpanReader(MiniLMSpanScorer(weights, sha256_of(weights))), []
        for group in groups:
            others = [*group.beside, *group.near[:4]]
            texts = [passages[n].text for n in others]
            nearest.append(others[likeliest(reader, group.question, texts)] if others else -1)
        kept.write_text(json.dumps(nearest))
    found = []
    for group, hard in zip(groups, json.loads(kept.read_text()), strict=True):
        rest = None
        if group.right is not None:
            right = passages[group.right]
            text = without_answer(right.text, group.span, group.answers)
            if text:
                rest = len(passages)
                passages.append(Passage(right.context, 0, 0, text))
        found.append(group._replace(beside=[], near=[hard] if hard >= 0 else [], rest=rest))
    return found


def likeliest(reader: SpanReader, question: str, texts: Sequence[str]) -> int:
    """Return the place of the text in which a reader is surest that it finds the answer."""
    odds = [span.odds if span else -99.0 for span in reader.best(question, texts)]
    return odds.index(max(odds))


def without_answer(text: str, span: tuple[int, int], answers: Sequence[str]) -> str | None:
    """Return a passage without the sentences in which its answer stands; None where little or the answer is left."""
    left = " ".join(text[start:end] for start, end in sentence_spans(text) if end <= span[0] or span[1] <= start)
    is_answered = any(answer.lower() in left.lower() for answer in answers)
    return None if is_answered or len(left) < LEAST_LEFT else left


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
        if group.rest is not None and chance.random() < 0.5:
            found.append(self.example(group.question, group.rest, None))
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


def train(model: Marker, passages: Sequence[Passage], groups: Sequence[Group], file: Path, rate: float) -> None:
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
        take_step(model, optimizer, loss, rate=rate, done=step / len(order))
        losses.append(loss.item())
        if step % CHECKPOINT == 0 or step == len(order):
            print(f"step {step} of {len(order)}: loss {np.mean(losses):.3f}", flush=True)
            losses = []
            part = file.with_suffix(".new")
            torch.save({"model": model.trained(), "optimizer": optimizer.state_dict(), "steps": step}, part)
            part.replace(file)


def learn(
    model: Marker, data: Path, work: Path, passages: Sequence[Passage], groups: Sequence[Group], limit: int | None
) -> None:
    """The first two stages."""
    first, done = Marker(types=5, labels=4), work / "questions.pt"
    if not done.exists():
        learn_questions(first, data, limit, MOST_TOKENS)
        torch.save(first.trained(), done)
    first.load_state_dict(torch.load(done), strict=False)
    state = first.trained()
    state["types.weight"] = state["types.weight"][:1].repeat(2, 1)
    state["head.weight"], state["head.bias"] = state["head.weight"][:2], state["head.bias"][:2]
    model.load_state_dict(state, strict=False)
    train(model, passages, groups, work / "reader.ck", RATE)


def measure(weights: Path, passages: Sequence[Passage], groups: Sequence[Group], near: Sequence[Group]) -> None:
    """Print how well the texts that were kept out are read: ``groups``, and the same with their near misses."""
    reader = SpanReader(MiniLMSpanScorer(weights, sha256_of(weights)))
    print(
        "exact match and F1 in the passage that answers; how often (AUROC) that is preferred to the nearest other one,"
    )
    print("and to itself without the answer's sentence")
    for name in SETS:
        right: list[list[float]] = []
        odds: list[list[float]] = [[], [], []]
        for group in (group for group in near if group.name == name and group.right is not None):
            for place, n in enumerate((group.right, group.near[0] if group.near else None, group.rest)):
                if n is not None:
                    (span,) = reader.best(group.question, [passages[n].text])
                    odds[place].append(span.odds if span else -99.0)
                    if not place:
                        said = passages[n].text[span.start : span.end] if span else ""
                        right.append(agreement(said, group.answers))
        if right:
            above = ", ".join(f"{auroc(odds[0], other):.3f}" for other in odds[1:] if other)
            em, f1 = np.mean(right, axis=0)
            print(f"{name}: {len(right)} questions, EM {em:.3f}, F1 {f1:.3f}; AUROC {above}", flush=True)
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
    more = "weights to go on from by the third stage, instead of by the first two"
    parser.add_argument("--go-on-from", type=Path, metavar="FILE", help=more)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    passages, groups = read_groups(options.data)
    random.seed(1)
    torch.manual_seed(1)
    trained_on = [group for group in groups if not group.kept_out]
    random.shuffle(trained_on)
    trained_on = trained_on[: options.limit]
    kept_out = [group for group in groups if group.kept_out]
    random.shuffle(kept_out)
    model = Marker(types=2, labels=2, dropout=False)
    before = options.go_on_from or options.work / "second.safetensors"
    if options.go_on_from:
        read_back(model, before)
    else:
        learn(model, options.data, options.work, passages, trained_on, options.limit)
        write(model, before)
    near = trained_on[: int(NEAR_MISSES * len(trained_on))]
    near = with_near_misses(passages, near, before, options.work / "near.json")
    train(model, passages, near, options.work / "near.ck", NEAR_RATE)
    weights = options.work / "reader.safetensors"
    write(model, weights)
    kept_out = kept_out[: options.limit]
    measure(weights, passages, kept_out, with_near_misses(passages, kept_out, before, options.work / "kept_out.json"))


if __name__ == "__main__":
    main()
