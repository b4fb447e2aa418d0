"""A BERT and what stands on it (sentence vectors, labels) as an OpenVINO graph, made straight from its weights.

Nothing is converted beforehand or cached: a graph over the mapped file is made in 10 ms and compiled in 0.2 s, where
importing torch and transformers alone takes 5 s. The ops and their order are those of the paper (Devlin et al. 2018)
and of transformers' BertModel; the CPU plugin fuses attention into one kernel, and GELU into the layer before it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeddings.layers import Layer, constant, linear, op, openvino, rounded_feed_forward

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
    read: dict[str, openvino.Node]
    """What each linear layer reads, where nothing is rounded: float (batch, tokens, from)."""


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


def bert(
    weights: Weights,
    config: Mapping[str, Any],
    *,
    layers: int | None = None,
    token_types: bool = False,
    measured: Weights | None = None,
) -> Bert:
    """Make the graph of a BERT of ``weights``, named as transformers' BertModel names them.

    ``config`` is what config.json holds. ``layers`` are the first so many of the model's, whose weights alone need be
    there. Without ``token_types`` all tokens are of type 0. With ``measured`` (see `measure`) its linear layers compute
    in 8 bits. Raises KeyError for a weight or setting that is missing, ValueError for a model that is built otherwise.
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
        scaled = op.multiply(unit, constant(weights[f"{name}.weight"]))
        return op.add(scaled, constant(weights[f"{name}.bias"]))

    read: dict[str, openvino.Node] = {}

    def layer_of(name: str, reads: str | None = None) -> Layer:
        known = None if measured is None else measured[reads or name]
        return Layer(weights[f"{name}.weight"], weights[f"{name}.bias"], known)

    def attention(x: openvino.Node, name: str) -> openvino.Node:
        size = weights[f"{name}.query.weight"].shape[0]
        read[name] = x

        def split(part: str) -> openvino.Node:  # (batch, tokens, size) -> (batch, heads, tokens, size / heads)
            shape = _ints(0, 0, heads, size // heads)
            whole = linear(x, layer_of(f"{name}.{part}", name))
            return op.transpose(op.reshape(whole, shape, True), _ints(0, 2, 1, 3))

        scores = op.matmul(split("query"), split("key"), False, True)
        scaled = op.multiply(scores, op.constant(np.float32((size // heads) ** -0.5)))
        mixed = op.matmul(op.softmax(op.add(scaled, padding), -1), split("value"), False, False)
        return op.reshape(op.transpose(mixed, _ints(0, 2, 1, 3)), _ints(0, 0, size), True)

    def dense(x: openvino.Node, name: str) -> openvino.Node:
        read[name] = x
        return linear(x, layer_of(name))

    def feed_forward(x: openvino.Node, inner: str, outer: str) -> openvino.Node:
        if measured is None:
            return dense(op.gelu(dense(x, inner), "erf"), outer)
        return rounded_feed_forward(x, layer_of(inner), layer_of(outer))

    width = op.gather(op.shape_of(mask), _ints(1), _ints(0))
    places = op.slice(constant(weights["embeddings.position_embeddings.weight"]), _ints(0), width, _ints(1), _ints(0))
    type_vectors = weights["embeddings.token_type_embeddings.weight"]
    kinds = op.gather(constant(type_vectors), types, _ints(0)) if token_types else constant(type_vectors[0])
    x = normalised(op.add(op.add(words, kinds), places), "embeddings.LayerNorm")
    for number in range(int(config["num_hidden_layers"]) if layers is None else layers):
        layer = f"encoder.layer.{number}"
        mixed = dense(attention(x, f"{layer}.attention.self"), f"{layer}.attention.output.dense")
        x = normalised(op.add(mixed, x), f"{layer}.attention.output.LayerNorm")
        wide = feed_forward(x, f"{layer}.intermediate.dense", f"{layer}.output.dense")
        x = normalised(op.add(wide, x), f"{layer}.output.LayerNorm")
    inputs = [words, mask, types] if token_types else [words, mask]
    return Bert(inputs, x, weights["embeddings.word_embeddings.weight"], read)


def sentence_vectors(model: Bert) -> openvino.Node:
    """Put the mean of each text's tokens, made a unit vector, on a BERT: float32 (batch, hidden size)."""
    mask = op.unsqueeze(op.convert(model.inputs[1], np.float32), _ints(2))
    total = op.reduce_sum(op.multiply(model.hidden, mask), _ints(1))
    mean = op.divide(total, op.reduce_sum(mask, _ints(1)))
    return op.normalize_l2(mean, _ints(1), 1e-12, "max")


def compile_model(model: Bert, output: openvino.Node) -> Compiled:
    """Make ``output`` of ``model`` ready to be `run` on the processor, by any number of threads.

    Computes in bfloat16 where the processor does so itself, else in float32: on 400 passages of news 7,300 tokens a CPU
    second instead of 3,900, at a cosine of at least 0.99996 to float32. Layers in 8 bits stay so: 11,400, at 0.9985.
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
        inputs = _inputs(compiled.words, batch, texts, types)
        with compiled.turn:
            compiled.request.infer(inputs)
            rows = np.array(compiled.request.get_output_tensor(0).data, dtype=np.float32)
        yield batch, rows


def measure(
    model: Bert, texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return the least, the most and the mean of all that each linear layer reads: (3, from) by its name.

    That is what `bert` takes as ``measured``, over all tokens of ``texts`` (see `run`); ``model`` must not be rounded
    itself. What lies beyond the least and the most is cut off later, so that odd texts should be among them.
    """
    names, graph = list(model.read), openvino.Model(list(model.read.values()), model.inputs)
    request = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    parts: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    for batch in _batches([len(text) for text in texts]):
        inputs = _inputs(model.words, batch, texts, types)
        request.infer(inputs)
        for i, name in enumerate(names):
            rows = np.array(request.get_output_tensor(i).data, dtype=np.float32)[inputs[1] > 0]
            parts[name].append(np.stack([rows.min(axis=0), rows.max(axis=0), rows.sum(axis=0)]))
    tokens = sum(map(len, texts))
    found = {name: np.stack(of) for name, of in parts.items()}
    return {
        name: np.stack([part[:, 0].min(axis=0), part[:, 1].max(axis=0), part[:, 2].sum(axis=0) / tokens])
        for name, part in found.items()
    }


def _inputs(
    words: NDArray[Any], batch: list[int], texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None
) -> list[NDArray[Any]]:
    inputs: list[NDArray[Any]] = [words[_padded([texts[i] for i in batch])].astype(np.float32, copy=False)]
    inputs.append(_padded([[1] * len(texts[i]) for i in batch]))
    return inputs if types is None else [*inputs, _padded([types[i] for i in batch])]


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


def _ints(*values: int) -> openvino.op.Constant:
    return op.constant(np.array(values, dtype=np.int64))
