"""A BERT and what stands on it (sentence vectors, labels) as an OpenVINO graph, made straight from its weights.

Nothing is converted beforehand or cached: a graph over the mapped file is made in 10 ms and compiled in 0.2 s, where
importing torch and transformers alone takes 5 s. The ops and their order are those of the paper (Devlin et al. 2018)
and of transformers' BertModel; the CPU plugin fuses attention into one kernel, and GELU into the layer before it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@contextmanager
def _unreported() -> Iterator[None]:
    """Leave openvino.tools.ovc out of an import of openvino, which does without it.

    It reports every import to its makers over the network, and writes an id for that into the user's home.
    """
    if "openvino" in sys.modules:
        yield
        return
    sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["openvino.tools.ovc"]


with _unreported():
    import openvino
    from openvino import opset13 as op

Weights = Mapping[str, NDArray[Any]]

_NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Tokens of one batch: one text at a time is slower by a tenth, 2048 tokens no faster, and pad more.
_BATCH_TOKENS = 1024
# Widths are multiples of this: each new shape costs some 4 ms, and memory for its kernels.
_WIDTH_STEP = 8


class Bert(NamedTuple):
    """The graph up to its last layer, and the table of word vectors that stays outside of it.

    OpenVINO would read the whole table, half of all-MiniLM-L6-v2's weights; a text needs a few rows.
    """

    inputs: list[openvino.op.Parameter]
    """word_vectors: float32 (batch, tokens, size); attention_mask and, where asked for, token_type_ids: int32."""
    hidden: openvino.Node
    """The last hidden state: float (batch, tokens, size)."""
    words: NDArray[Any]
    """The vector of each token id: (vocabulary, size)."""


class Compiled(NamedTuple):
    """A graph with an output, for this processor, as `compile_model` makes it and `run` takes it.

    A graph's one request is used by one thread at a time, whose ``turn`` it is: a second request would be made, and
    given its inputs, by looking at what a first that runs is just changing, and now and then the process would crash
    (libopenvino_intel_cpu_plugin 2026.4.1, reading a CpuBlockedMemoryDesc that was freed).
    """

    request: openvino.InferRequest
    words: NDArray[Any]
    turn: Lock


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a safetensors file by name, mapped: what is not read takes no memory.

    The format: https://github.com/huggingface/safetensors#format. Raises ValueError for a file that is none, or holds
    a type other than float32, float16 and int64.
    """
    # "c": OpenVINO shares only memory that can be written to, though it never writes.
    data = np.memmap(path, dtype=np.uint8, mode="c")
    try:
        start = 8 + int.from_bytes(data[:8].tobytes(), "little")
        header = json.loads(data[8:start].tobytes())
        header.pop("__metadata__", None)
        return {
            name: data[start:][slice(*entry["data_offsets"])].view(_NUMPY_TYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{str(path)!r} is no safetensors file of float32, float16 or int64: {error!r}") from error


def bert(weights: Weights, config: Mapping[str, Any], *, layers: int | None = None, token_types: bool = False) -> Bert:
    """Make the graph of a BERT of ``weights``, named as transformers' BertModel names them.

    ``config`` is what config.json holds. ``layers`` are the first so many of the model's, whose weights alone need be
    there. Without ``token_types`` all tokens are of type 0. Raises KeyError for a weight or setting that is missing,
    ValueError for a model that is built otherwise.
    """
    built = (config["hidden_act"], config.get("position_embedding_type", "absolute"))
    if built != ("gelu", "absolute"):
        raise ValueError(f"a BERT with {built!r} is not known here: only ('gelu', 'absolute')")
    heads = int(config["num_attention_heads"])
    epsilon = float(config["layer_norm_eps"])
    words = _input("word_vectors", np.float32, [-1, -1, int(config["hidden_size"])])
    mask, types = (_input(name, np.int32, [-1, -1]) for name in ("attention_mask", "token_type_ids"))

    # Added to the scores: 0 for a token, -10000 for padding, (batch, 1, 1, tokens).
    padding = op.subtract(op.convert(mask, np.float32), op.constant(np.float32(1)))
    padding = op.unsqueeze(op.multiply(padding, op.constant(np.float32(10000))), _ints(1, 2))

    def normalised(x: openvino.Node, name: str) -> openvino.Node:
        unit = op.mvn(x, _ints(-1), True, epsilon, "inside_sqrt")
        scaled = op.multiply(unit, _constant(weights[f"{name}.weight"]))
        return op.add(scaled, _constant(weights[f"{name}.bias"]))

    def attention(x: openvino.Node, name: str) -> openvino.Node:
        size = weights[f"{name}.query.weight"].shape[0]

        def split(part: str) -> openvino.Node:  # (batch, tokens, size) -> (batch, heads, tokens, size / heads)
            shape = _ints(0, 0, heads, size // heads)
            return op.transpose(op.reshape(linear(x, weights, f"{name}.{part}"), shape, True), _ints(0, 2, 1, 3))

        scores = op.matmul(split("query"), split("key"), False, True)
        scaled = op.multiply(scores, op.constant(np.float32((size // heads) ** -0.5)))
        mixed = op.matmul(op.softmax(op.add(scaled, padding), -1), split("value"), False, False)
        return op.reshape(op.transpose(mixed, _ints(0, 2, 1, 3)), _ints(0, 0, size), True)

    width = op.gather(op.shape_of(mask), _ints(1), _ints(0))
    places = op.slice(_constant(weights["embeddings.position_embeddings.weight"]), _ints(0), width, _ints(1), _ints(0))
    type_vectors = weights["embeddings.token_type_embeddings.weight"]
    kinds = op.gather(_constant(type_vectors), types, _ints(0)) if token_types else _constant(type_vectors[0])
    x = normalised(op.add(op.add(words, kinds), places), "embeddings.LayerNorm")
    for number in range(int(config["num_hidden_layers"]) if layers is None else layers):
        layer = f"encoder.layer.{number}"
        mixed = linear(attention(x, f"{layer}.attention.self"), weights, f"{layer}.attention.output.dense")
        x = normalised(op.add(mixed, x), f"{layer}.attention.output.LayerNorm")
        wide = op.gelu(linear(x, weights, f"{layer}.intermediate.dense"), "erf")
        x = normalised(op.add(linear(wide, weights, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")
    inputs = [words, mask, types] if token_types else [words, mask]
    return Bert(inputs, x, weights["embeddings.word_embeddings.weight"])


def linear(x: openvino.Node, weights: Weights, name: str) -> openvino.Node:
    """Put a linear layer on ``x``: its weight is (to, from), as torch keeps it, and so is a classifier's."""
    product = op.matmul(x, _constant(weights[f"{name}.weight"]), False, True)
    return op.add(product, _constant(weights[f"{name}.bias"]))


def sentence_vectors(model: Bert) -> openvino.Node:
    """Put the mean of each text's tokens, made a unit vector, on a BERT: float32 (batch, hidden size)."""
    mask = op.unsqueeze(op.convert(model.inputs[1], np.float32), _ints(2))
    total = op.reduce_sum(op.multiply(model.hidden, mask), _ints(1))
    mean = op.divide(total, op.reduce_sum(mask, _ints(1)))
    return op.normalize_l2(mean, _ints(1), 1e-12, "max")


def compile_model(model: Bert, output: openvino.Node) -> Compiled:
    """Make ``output`` of ``model`` ready to be `run` on the processor, by any number of threads.

    Computes in bfloat16 where the processor does so itself, else in float32: on 400 passages of news 7,300 tokens a CPU
    second instead of 3,900, at a cosine of at least 0.99996 to float32.
    """
    core = openvino.Core()
    bfloat16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": _CORES,
        "ENABLE_CPU_PINNING": False,  # pinned, two processes would wait for the same core
    }
    graph = core.compile_model(openvino.Model([output], model.inputs), "CPU", settings)
    return Compiled(graph.create_infer_request(), model.words, Lock())


def run(
    compiled: Compiled, texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None = None
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Yield (which texts, their rows of the output), batch by batch: texts of like length together, on all cores.

    ``texts`` are token ids, special tokens among them; ``types`` their token types, for a model that takes them. What
    an output (batch, tokens, ...) holds past a text's own tokens means nothing.
    """
    for batch in _batches([len(text) for text in texts]):
        words = compiled.words[_padded([texts[i] for i in batch])].astype(np.float32, copy=False)
        inputs = [words, _padded([[1] * len(texts[i]) for i in batch])]
        if types is not None:
            inputs.append(_padded([types[i] for i in batch]))
        with compiled.turn:
            compiled.request.infer(inputs)
            rows = np.array(compiled.request.get_output_tensor(0).data, dtype=np.float32)
        yield batch, rows


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Which texts go together, the longest first: the last batch, which one core may do alone, is the least work."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * _width(lengths[batch[0]]) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _width(length: int) -> int:
    return -(-length // _WIDTH_STEP) * _WIDTH_STEP


def _padded(rows: list[Sequence[int]]) -> NDArray[np.int32]:
    padded = np.zeros((len(rows), _width(max(map(len, rows)))), dtype=np.int32)
    for row, values in zip(padded, rows, strict=True):
        row[: len(values)] = values
    return padded


def _input(name: str, kind: type[np.generic], shape: list[int]) -> openvino.op.Parameter:
    parameter = op.parameter(shape, kind, name=name)
    parameter.output(0).get_tensor().set_names({name})
    return parameter


def _constant(array: NDArray[Any]) -> openvino.op.Constant:
    """A constant that shares the array's memory; only another type than float32 costs a copy."""
    return openvino.op.Constant(np.require(array, np.float32, ["C", "A", "W"]), shared_memory=True)


def _ints(*values: int) -> openvino.op.Constant:
    return op.constant(np.array(values, dtype=np.int64))
