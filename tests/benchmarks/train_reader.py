"""Train qa/reader.safetensors: ``python tests/benchmarks/train_reader.py ../shared/data WORK``.

Six stages, kept in WORK, of which the last five go on where they were broken off (two cores: 10 minutes, 70, 45, 20
and twice 75; ``--limit 700`` runs all of it on 2% of the data in a quarter of an hour, to no use but to see that it
does):

1. questions: all-MiniLM-L6-v2 learns to point at answers in single sentences (QAMR, 33,000 questions);
2. passages: that learns to point at answers in passages, cut as the library cuts articles, or at nothing. A question
   comes with the passage that answers it, half of the time with another of the same text, and with one of the three
   that BM25 finds nearest to it in other texts (SQuADShifts, a part of SQuAD 2.0, QED and NQ-open's oracle passages);
3. near: that learns from near misses. Three in ten of the questions come once more with the passage that answers, with
   the one that the reader of stage 2 takes for the answer soonest of those that do not, and half of the time with the
   first without the answer's sentence. What is kept is the mean of the weights before and after (Wortsman et al. 2022);
4. news: that goes on with the questions of RealTimeQA's even weeks, each with what the library finds for it in all of
   the articles (by the index that tests/benchmarks/retrieval.py leaves), and with some of the second stage's questions.
   Nobody marked the answers: where a question's own articles hold the answer, it counts wherever it stands in them.
   What is kept are seven tenths of these weights and three of the second stage's, which answer other questions better;
5. asked: that goes on with news_questions.jsonl.gz, with 8,000 of the second stage's questions and those of the fourth
   stage. The file's were written for us by a large language model that had read articles of the even weeks, and
   PolNeAR's: half of them in other words than the articles', and a quarter are not answered though they look as if they
   were. They come with the passages beside that have most of their words; and those that ask who said something come
   twice more, over single sentences, as the library reads statements: the one that tells it, half of the time, and
   others of its article in which somebody says something. What is kept are seven tenths of these weights and three of
   the fourth stage's;
6. reader: that goes on with the same once more, and with 8,000 other questions of the second stage. What is kept is the
   mean of the weights before and after.

The loss is SQuAD 2.0's in each passage (the first token is "nothing"), and half of that over the tokens of all passages
of a question together, so that scores compare between passages (Clark and Gardner 2018). One text in twenty is kept out
of the training, and measured at the end. The sha256 that is printed belongs into qa/reader.py. With ``--without 0``, or
1, the last stages leave out the quiz of every second even week, for tests/benchmarks/fit_answers.py.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from answers import asked_of_news, auroc, read_jsonl, unseen_by, without_quotes, write_articles  # noqa: E402
from training import (  # noqa: E402
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
from qa import open_library  # noqa: E402
from qa.answers import covered  # noqa: E402
from qa.articles import Article  # noqa: E402
from qa.evaluation import exact_match, token_f1  # noqa: E402
from qa.passages import Span, sentence_spans, split_article  # noqa: E402
from qa.questions import parse_question, stems, terms  # noqa: E402
from qa.reader import SpanReader, normalised  # noqa: E402
from qa.retrieval import Hit  # noqa: E402

SETS = (
    "squadshifts_amazon",
    "squadshifts_new_wiki",
    "squadshifts_reddit",
    "squad_v2_part",
    "qed_dev",
    "nq_open_oracle",
)
ASKED_OF_NEWS = "news"
KEPT_OUT = 20  # one text of so many
SIZE, RATE, CHECKPOINT = 12, 2.5e-4, 250
MOST_TOKENS = 192
# Of the third stage: what part of the questions comes again, and how many characters of a passage must be left.
NEAR_MISSES, LEAST_LEFT, NEAR_RATE = 0.3, 120, 1e-4
# Of the last: questions of news a batch, how often each comes, the rate, how many of the second stage's come once more,
# and what part of the weights is kept.
NEWS_SIZE, NEWS_TIMES, NEWS_RATE, ONCE_MORE, NEWS_SHARE = 6, 2, 7e-5, 3000, 0.7
PASSAGES_OF_NEWS, RIGHT_ONES, NEAREST, FARTHEST = 5, 5, 6, 20
# Of the fifth and sixth: how many of the second stage's questions come again in each; the rate, and what part of the
# fifth's weights is kept. How often a question who said something comes over statements, over how many at most, and how
# many are a batch.
AGAIN, ASKED_RATE, ASKED_SHARE = 8000, 1.2e-4, 0.7
WHO_TIMES, WHO_STATEMENTS, WHO_SIZE = 2, 4, 8
SAID = re.compile(r'["“”]|\b(?:said|says|told|added|tweeted|wrote|argued|warned)\b')
LEAST_SAID = 40  # characters
# A passage that has so small a part of the question's words, of those that the best one has, answers by chance only.
WORDS_LEFT = 0.4
WORD = re.compile(r"\w+(?:[.,:]\d+)*|[$£€%]")


class Passage(NamedTuple):
    context: int
    start: int
    end: int
    text: str


class Group(NamedTuple):
    """A question with the numbers of its passages: ``right`` holds the answer at ``span``, the others do not.

    ``rest`` is the text of the right one without the answer's sentence.
    """

    question: str
    right: int | None
    span: tuple[int, int]
    beside: list[int]
    near: list[int]
    name: str
    kept_out: bool
    answers: list[str]
    rest: str | None = None


def read_groups(data: Path) -> tuple[list[Passage], list[Group]]:
    rows = []
    for name in SETS:
        with gzip.open(data / "reading" / f"{name}.jsonl.gz", "rt") as lines:
            rows += [(name, json.loads(line)) for line in lines]
    rows += [(ASKED_OF_NEWS, row) for row in asked_of_news(data)]
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
    if name == ASKED_OF_NEWS:
        wanted = terms(row["question"])
        beside = sorted(beside, key=lambda n: -covered(wanted, stems(passages[n].text)))[:2]
    near = [n - 1 for n, _ in index.search(row["question"], 12)]
    near = [n for n in near if passages[n].context != context and lacks(n)]
    kept_out = row.get("kept_out") or int(sha256(row["context"].encode()).hexdigest(), 16) % KEPT_OUT == 0
    return Group(row["question"], right, span, beside, near[:5], name, kept_out, [answer["text"] for answer in answers])


class News(NamedTuple):
    """A question about news: passages that hold the answer, with where it stands, and others, the likeliest first."""

    question: str
    right: list[tuple[str, list[Span]]]
    others: list[str]


class Said(NamedTuple):
    """A question who said something: the sentence that tells it, if any, with where the answer stands, and others."""

    question: str
    told: tuple[str, Span] | None
    others: list[str]


class Pair(NamedTuple):
    """A question and a passage as the model reads them, and where the answer may start and end; 0: there is none."""

    ids: list[int]
    types: list[int]
    starts: list[int]
    ends: list[int]


class Pairs:
    """Questions with passages, as the model reads them."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._tokens = tokenizer()

    def pair(self, question: str, text: str, spans: Sequence[Span] = ()) -> Pair:
        asked, read = self._tokens.encode(question), self._tokens.encode(text)
        ids, types = pair(asked.ids, read.ids)
        first = types.index(READ) - 1
        ons = [[i for i in inside(read.offsets, span) if first + i < len(ids) - 1] for span in spans]
        ons = [[first + i for i in on] for on in ons if on]
        return Pair(ids, types, [on[0] for on in ons] or [0], [on[-1] for on in ons] or [0])

    def of(self, group: Group, chance: random.Random) -> list[Pair]:
        numbers = []
        if group.beside and (group.right is None or chance.random() < 0.5):
            numbers.append(chance.choice(group.beside))
        if group.near:
            numbers.append(chance.choice(group.near[:3]))
        found = [self.pair(group.question, self._passages[n].text) for n in numbers]
        if group.rest and chance.random() < 0.5:
            found.append(self.pair(group.question, group.rest))
        if group.right is not None:
            found.insert(0, self.pair(group.question, self._passages[group.right].text, [group.span]))
        return found

    def of_news(self, news: News, chance: random.Random) -> list[Pair]:
        """Return the best passage that answers and one of the others that do, with some that do not."""
        right = [*news.right[:1], *([chance.choice(news.right[1:])] if news.right[1:] else [])]
        nearest, farther = news.others[:NEAREST], news.others[NEAREST:FARTHEST]
        others = chance.sample(nearest, min(len(nearest), PASSAGES_OF_NEWS - 1 - len(right)))
        others += chance.sample(farther, 1) if farther else []
        return [self.pair(news.question, *one) for one in right] + [self.pair(news.question, t) for t in others]

    def of_said(self, said: Said, chance: random.Random) -> list[Pair]:
        """Return what others say, half of the time with what is asked for."""
        told = [said.told] if said.told and chance.random() < 0.5 else []
        others = chance.sample(said.others, min(len(said.others), WHO_STATEMENTS - len(told)))
        return [self.pair(said.question, text, [span]) for text, span in told] + [
            self.pair(said.question, text) for text in others
        ]


def loss_of(model: Marker, groups: Sequence[list[Pair]]) -> Any:
    """Return the loss of a batch; it is read in three parts, of like length each, so that little is padded."""
    pairs = [one for group in groups for one in group]
    order = sorted(range(len(pairs)), key=lambda n: len(pairs[n].ids))
    width = len(pairs[order[-1]].ids)
    parts = []
    for part in np.array_split(order, 3):
        if len(part):
            scores = scores_of(model, [pairs[n].ids for n in part], [pairs[n].types for n in part])
            parts.append(nn.functional.pad(scores, (0, 0, 0, width - scores.shape[1]), value=-1e4))
    scores = torch.cat(parts)[torch.tensor(np.argsort(order))]
    right = torch.zeros_like(scores, dtype=torch.bool)
    for i, one in enumerate(pairs):
        right[i, one.starts, 0] = right[i, one.ends, 1] = True
    read = torch.tensor([[*one.types[:-1], 0, *[0] * (width - len(one.types))] for one in pairs]).bool()
    with_nothing = read.clone()
    with_nothing[:, 0] = True

    def mass(allowed: Any) -> Any:
        return torch.logsumexp(scores.masked_fill(~allowed, -1e4), 1)

    alone = mass(with_nothing[..., None]) - mass(right)
    of_text, of_right = mass(read[..., None]), mass(right & read[..., None])
    together, first = [], 0
    for group in groups:
        answer = [first + i for i, one in enumerate(group) if one.starts[0]]
        if answer:
            whole = torch.logsumexp(of_text[first : first + len(group)], 0)
            together.append(whole - torch.logsumexp(of_right[answer], 0))
        first += len(group)
    return alone.mean(0).sum() + (torch.stack(together).mean() if together else 0)


Batch = Callable[[random.Random], list[list[Pair]]]


def train(model: Marker, batches: Sequence[Batch], file: Path, rate: float) -> None:
    """Train with batches, which are made of chance; goes on where ``file`` was left, and leaves it every 250 steps."""
    optimizer, done = optimizer_of(model), 0
    if file.exists():
        saved = torch.load(file)
        model.load_state_dict(saved["model"], strict=False)
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["steps"]
    model.train()
    losses: list[float] = []
    for step, batch in enumerate(batches[done:], done + 1):
        loss = loss_of(model, list(filter(None, batch(random.Random(step)))))
        take_step(model, optimizer, loss, rate=rate, done=step / len(batches))
        losses.append(loss.item())
        if step % CHECKPOINT == 0 or step == len(batches):
            print(f"step {step} of {len(batches)}: loss {np.mean(losses):.3f}", flush=True)
            losses = []
            part = file.with_suffix(".new")
            torch.save({"model": model.trained(), "optimizer": optimizer.state_dict(), "steps": step}, part)
            part.replace(file)


def batches_in_turn(
    of: Callable[[Any, random.Random], list[Pair]], questions: Sequence[Any], size: int, times: int
) -> Iterator[Batch]:
    """Yield batches of all questions, so many times, each time in another order; ``of`` makes what is read for one."""
    for _ in range(times):
        order = random.sample(questions, len(questions))
        for i in range(0, len(order), size):
            yield lambda chance, part=order[i : i + size]: [of(one, chance) for one in part]


class Lessons:
    """What is learnt from in each stage after the first, as batches."""

    def __init__(self, passages: Sequence[Passage], groups: Sequence[Group], limit: int | None) -> None:
        self._passages, self._pairs = passages, Pairs(passages)
        for_training = [group for group in groups if not group.kept_out]
        random.Random(1).shuffle(for_training)
        self._marked = [group for group in for_training if group.name != ASKED_OF_NEWS][:limit]
        self._asked_of_news = [group for group in for_training if group.name == ASKED_OF_NEWS][:limit]

    def questions(self) -> list[Batch]:
        return self._of(self._marked)

    def near_misses(self, weights: Path) -> list[Batch]:
        """``weights`` are those of the reader that tells what is near, and beside them it is kept."""
        groups = self._marked[: int(NEAR_MISSES * len(self._marked))]
        return self._of(with_near_misses(self._passages, groups, weights, weights.with_name("near.json")))

    def quiz(self, news: Sequence[News]) -> list[Batch]:
        return _shuffled([*self._of_news(news, NEWS_TIMES), *self._of(self._marked[:ONCE_MORE])])

    def asked_of_news(self, news: Sequence[News], *, again: int) -> list[Batch]:
        """``again`` tells which of the second stage's questions come: the first so many, or those after them."""
        said = who_said(self._passages, self._asked_of_news)
        print(f"{len(self._asked_of_news)} questions of news, {len(said)} who said something", flush=True)
        groups = with_rest(self._passages, [*self._marked[again * AGAIN : (again + 1) * AGAIN], *self._asked_of_news])
        of_said = batches_in_turn(self._pairs.of_said, said, WHO_SIZE, WHO_TIMES)
        return _shuffled([*self._of_news(news, NEWS_TIMES), *self._of(groups), *of_said])

    def _of(self, groups: Sequence[Group]) -> list[Batch]:
        lengths = [400 if group.right is None else len(self._passages[group.right].text) for group in groups]
        return [
            lambda chance, batch=batch: [self._pairs.of(groups[n], chance) for n in batch]
            for batch in batches(lengths, SIZE)
        ]

    def _of_news(self, news: Sequence[News], times: int) -> Iterator[Batch]:
        return batches_in_turn(self._pairs.of_news, news, NEWS_SIZE, times)


def _shuffled(steps: list[Batch]) -> list[Batch]:
    random.shuffle(steps)
    return steps


def learn(
    model: Marker,
    kept: Path,
    start: Path,
    steps: Callable[[], Sequence[Batch]],
    rate: float,
    share: float,
    other: Path,
) -> None:
    """Train on from the weights in ``start``, and keep ``share`` of the new ones with the rest of ``other``; once."""
    if not kept.exists():
        read_back(model, start)
        random.seed(1)
        train(model, steps(), kept.with_suffix(".ck"), rate)
        mix(model, share, other)
        write(model, kept)


def learn_passages(model: Marker, options: argparse.Namespace, batches: Callable[[], Sequence[Batch]]) -> None:
    """The first two stages."""
    first, done = Marker(types=5, labels=4), options.work / "questions.pt"
    if not done.exists():
        learn_questions(first, options.data, options.limit, MOST_TOKENS)
        torch.save(first.trained(), done)
    first.load_state_dict(torch.load(done), strict=False)
    state = first.trained()
    state["types.weight"] = state["types.weight"][:1].repeat(2, 1)
    state["head.weight"], state["head.bias"] = state["head.weight"][:2], state["head.bias"][:2]
    model.load_state_dict(state, strict=False)
    random.seed(1)
    train(model, batches(), options.work / "passages.ck", RATE)


def with_near_misses(passages: Sequence[Passage], groups: Sequence[Group], weights: Path, kept: Path) -> list[Group]:
    """Return groups with what is nearest to answering.

    That is, of the passages beside and near, the one which the reader of ``weights`` takes for the answer soonest;
    ``kept`` is where their numbers are kept.
    """
    if not kept.exists():
        reader, nearest = SpanReader(MiniLMSpanScorer(weights, sha256_of(weights))), []
        for group in groups:
            others = [*group.beside, *group.near[:4]]
            odds = odds_in(reader, group.question, [passages[n].text for n in others])
            nearest.append(others[odds.index(max(odds))] if others else None)
        kept.write_text(json.dumps(nearest))
    return [
        group._replace(beside=[], near=[] if hard is None else [hard])
        for group, hard in zip(with_rest(passages, groups), json.loads(kept.read_text()), strict=True)
    ]


def with_rest(passages: Sequence[Passage], groups: Sequence[Group]) -> list[Group]:
    return [
        group if group.right is None else group._replace(rest=without_answer(passages[group.right].text, group))
        for group in groups
    ]


def odds_in(reader: SpanReader, question: str, texts: Sequence[str]) -> list[float]:
    return [span.odds if span else -99.0 for span in reader.best(question, texts)]


def without_answer(text: str, group: Group) -> str | None:
    """Return a passage without the sentences in which its answer stands; None where little or the answer is left."""
    first, last = group.span
    left = " ".join(text[start:end] for start, end in sentence_spans(text) if end <= first or last <= start)
    is_answered = any(answer.lower() in left.lower() for answer in group.answers)
    return None if is_answered or len(left) < LEAST_LEFT else left


def mix(model: Marker, share: float, other: Path) -> None:
    """Leave ``share`` of the model's weights, and take the rest of the weights of a file."""
    own = {name: value.clone() for name, value in model.trained().items()}
    read_back(model, other)
    mixed = {name: share * own[name] + (1 - share) * value for name, value in model.trained().items()}
    model.load_state_dict(mixed, strict=False)


def read_news(options: argparse.Namespace, reader: SpanReader) -> list[News]:
    """Return the even weeks' questions with what is found for them, what ``reader`` takes for an answer first.

    With a limit, only the articles of so few questions are looked in.
    """
    rows = read_jsonl(options.data / "realtimeqa" / "questions.jsonl")
    kept = {week for week, number in unseen_by(rows).items() if number != options.without}
    rows = [row for row in rows if row["week"] in kept and not row["except_question"]]
    place = options.news / "realtimeqa-7218"
    if options.limit:
        rows, place = rows[: options.limit // 20], options.work / "news"
        ids = {name for row in rows for name in row["article_ids"]}
        articles = read_jsonl(options.data / "realtimeqa" / "articles.jsonl.gz")
        write_articles((article for article in articles if article["id"] in ids), place)
        without_quotes()
    with open_library(place, index=place.with_suffix(".index")) as library:
        found = []
        for row in rows:
            hits = [*library.retrieve(row["question"], 30, today=row["date"])]
            for name in row["article_ids"]:
                hits += library.retrieve(row["question"], 2, today=row["date"], article=f"{name}.md")
            found.append(_news(row, hits, reader))
        return found


def _news(row: dict[str, Any], hits: Sequence[Hit], reader: SpanReader) -> News:
    best = {hit.passage.text: hit.similarity for hit in reversed(hits)}
    wanted = terms(row["question"])
    words = {text: covered(wanted, stems(text)) for text in best}
    right = [(text, spans) for text in best if (spans := places(text, row["answer"]))]
    right.sort(key=lambda one: -(best[one[0]] + 0.3 * words[one[0]]))
    if not (row["answerable_strict"] or (row["answerable"] and not row["generic_answer"])):
        right = []
    right = [one for one in right[:RIGHT_ONES] if words[one[0]] >= WORDS_LEFT * words[right[0][0]]]
    others = [text for text in best if normalised(row["answer"]) not in normalised(text)]
    odds = dict(zip(others, odds_in(reader, row["question"], others), strict=True))
    return News(row["question"], right, sorted(others, key=lambda text: -odds[text]))


def who_said(passages: Sequence[Passage], groups: Sequence[Group]) -> list[Said]:
    """Return the questions who said something, over sentences of their articles in which somebody says something."""
    of_context: defaultdict[int, list[int]] = defaultdict(list)
    for n, passage in enumerate(passages):
        of_context[passage.context].append(n)
    found = []
    for group in groups:
        asked, (first, last) = parse_question(group.question), group.span
        own = [n for n in (group.right, *group.beside) if n is not None]
        if not own or not asked.quoted or asked.speaker:
            continue
        told, others = None, {}
        for n in of_context[passages[own[0]].context]:
            for start, end in sentence_spans(passages[n].text):
                text = passages[n].text[start:end]
                if n == group.right and start <= first and last <= end:
                    told = text, (first - start, last - start)
                elif len(text) > LEAST_SAID and SAID.search(text):
                    others[text] = None
        if len(others) > 1 and (told or group.right is None):
            found.append(Said(group.question, told, [text for text in others if not told or text != told[0]]))
    return found


def places(text: str, answer: str) -> list[Span]:
    """Return where a text holds an answer, in whatever case and punctuation."""
    wanted, found = normalised(answer), []
    if wanted.strip() and wanted in normalised(text):
        words, most = [word.span() for word in WORD.finditer(text)], len(wanted.split()) + 3
        for i, (start, _) in enumerate(words):
            ends = (end for _, end in words[i : i + most] if normalised(text[start:end]) == wanted)
            found += [(start, end) for end in ends][:1]
    return found


def measure(weights: Path, passages: Sequence[Passage], groups: Sequence[Group]) -> None:
    """Print how well the texts that were kept out are read."""
    reader = SpanReader(MiniLMSpanScorer(weights, sha256_of(weights)))
    print("exact match and F1 in the passage that answers; and how often that is preferred to a near one")
    for name in (*SETS, ASKED_OF_NEWS):
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
    parser.add_argument(
        "--news", type=Path, default=Path("/tmp/qa-benchmark"), help="where retrieval.py left the index"
    )
    parser.add_argument("--without", type=int, choices=(0, 1), help="which of two even weeks is not learnt from")
    parser.add_argument("--limit", type=int, help="how many questions to train on in each stage")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    torch.manual_seed(1)
    random.seed(1)
    passages, groups = read_groups(options.data)
    kept_out = [group for group in groups if group.kept_out]
    random.Random(1).shuffle(kept_out)
    lessons, model = Lessons(passages, groups, options.limit), Marker(types=2, labels=2, dropout=False)
    name = "" if options.without is None else f"-without-{options.without}"
    stages = "passages", "near", f"news{name}", f"asked{name}", f"reader{name}"
    before, mean, quiz, asked, last = (options.work / f"{stage}.safetensors" for stage in stages)
    if not before.exists():
        learn_passages(model, options, lessons.questions)
        write(model, before)
    learn(model, mean, before, lambda: lessons.near_misses(before), NEAR_RATE, 0.5, before)
    news = read_news(options, SpanReader(MiniLMSpanScorer(mean, sha256_of(mean))))
    print(f"news: {len(news)} questions, {sum(bool(one.right) for one in news)} with an answer", flush=True)
    learn(model, quiz, mean, lambda: lessons.quiz(news), NEWS_RATE, NEWS_SHARE, before)
    learn(model, asked, quiz, lambda: lessons.asked_of_news(news, again=0), ASKED_RATE, ASKED_SHARE, quiz)
    learn(model, last, asked, lambda: lessons.asked_of_news(news, again=1), ASKED_RATE, 0.5, asked)
    measure(last, passages, kept_out[: options.limit])


if __name__ == "__main__":
    main()
