"""The BERT graph against transformers' own on small random models, and the reading of weights."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from numpy.typing import NDArray

from embeddings.bert import Bert, Compiled, bert, compile_model, measure, read_weights, run
from embeddings.layers import Layer, adds_bytes, linear

CONFIG = {
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "intermediate_size": 128,
    "vocab_size": 50,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
TEXTS = [[1, 7, 7, 9, 2], [1, 2], [1, *range(10, 40), 2], [1, 44, 45, 46, 2]]
TYPES = [[0, 0, 1, 1, 1], [0, 1], [0] * 16 + [1] * 16, [1, 1, 0, 0, 0]]


@pytest.fixture(scope="module")
def reference() -> Any:
    """transformers' BertModel with weights that are large enough for a wrong place, type or mask to show."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    model = BertModel(BertConfig(**CONFIG), add_pooling_layer=False).eval()
    for name, parameter in model.named_parameters():
        mean = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        torch.nn.init.normal_(parameter, mean, std=1 if name.startswith("embeddings.") else 0.2)
    return model


@pytest.fixture(scope="module")
def weights(reference: Any) -> dict[str, NDArray[Any]]:
    return {name: tensor.numpy() for name, tensor in reference.state_dict().items()}


def expected(reference: Any, layer: int, types: list[list[int]] | None = None) -> list[NDArray[Any]]:
    """What transformers computes, each text by itself."""
    import torch

    vectors = []
    with torch.no_grad():
        for i, text in enumerate(TEXTS):
            kinds = torch.tensor([types[i]]) if types else None
            states = reference(torch.tensor([text]), token_type_ids=kinds, output_hidden_states=True).hidden_states
            vectors.append(states[layer][0].numpy())
    return vectors


def computed(model: Bert, types: list[list[int]] | None = None) -> list[NDArray[Any]]:
    rows: dict[int, NDArray[Any]] = {}
    for batch, output in run(compile_model(model, model.hidden), TEXTS, types):
        rows |= {i: row[: len(TEXTS[i])] for i, row in zip(batch, output, strict=True)}
    return [rows[i] for i in range(len(TEXTS))]


def least_cosine(left: list[NDArray[Any]], right: list[NDArray[Any]]) -> float:
    a, b = np.concatenate(left), np.concatenate(right)
    assert a.shape == b.shape == (44, 64)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def test_the_last_hidden_state_is_that_of_transformers(reference: Any, weights: dict[str, NDArray[Any]]) -> None:
    assert least_cosine(computed(bert(weights, CONFIG)), expected(reference, 3)) > 0.999


def test_token_types_are_an_input_where_asked_for(reference: Any, weights: dict[str, NDArray[Any]]) -> None:
    vectors = computed(bert(weights, CONFIG, token_types=True), TYPES)
    assert least_cosine(vectors, expected(reference, 3, TYPES)) > 0.999
    assert least_cosine(vectors, expected(reference, 3)) < 0.9


def test_the_first_layers_alone_need_only_their_weights(reference: Any, weights: dict[str, NDArray[Any]]) -> None:
    first = {name: array for name, array in weights.items() if "layer.2." not in name}
    assert least_cosine(computed(bert(first, CONFIG, layers=2)), expected(reference, 2)) > 0.999
    with pytest.raises(KeyError, match=r"encoder\.layer\.2\."):
        bert(first, CONFIG)


def test_a_head_of_ones_own_stands_on_the_hidden_state(reference: Any, weights: dict[str, NDArray[Any]]) -> None:
    model = bert(weights, CONFIG)
    head = Layer(np.eye(2, 64, dtype=np.float32), np.array([0, 100], dtype=np.float16))
    ((batch, output),) = run(compile_model(model, linear(model.hidden, head)), TEXTS[:1])
    assert batch == [0]
    assert output.shape == (1, 8, 2)  # padded to a multiple of 8
    hidden = expected(reference, 3)[0]
    np.testing.assert_allclose(output[0, :5], hidden[:, :2] + [0, 100], atol=0.6)  # bfloat16: 100 is 100 ± 0.25


def test_in_8_bits_it_is_nearly_that_of_transformers(reference: Any, weights: dict[str, NDArray[Any]]) -> None:
    if not adds_bytes():
        pytest.skip("this processor has no VNNI")
    exact = bert(weights, CONFIG, token_types=True)
    rounded = bert(weights, CONFIG, token_types=True, measured=measure(exact, TEXTS, TYPES))
    assert 0.99 < least_cosine(computed(rounded, TYPES), expected(reference, 3, TYPES)) < 0.9999


def test_what_layers_read_is_measured_over_the_tokens_alone(reference: Any, weights: dict[str, NDArray[Any]]) -> None:
    measured = measure(bert(weights, CONFIG), TEXTS)
    assert {name: array.shape for name, array in measured.items() if "layer.0" in name} == {
        "encoder.layer.0.attention.self": (3, 64),
        "encoder.layer.0.attention.output.dense": (3, 64),
        "encoder.layer.0.intermediate.dense": (3, 64),
        "encoder.layer.0.output.dense": (3, 128),
    }
    read = np.concatenate(expected(reference, 1))  # without padding
    found = measured["encoder.layer.1.attention.self"]
    np.testing.assert_allclose(found, [read.min(axis=0), read.max(axis=0), read.mean(axis=0)], atol=1e-3)


def test_8_bits_are_taken_only_where_they_add_up_rightly() -> None:
    if not adds_bytes():
        pytest.skip("this processor has no VNNI")
    # Without VNNI, which oneDNN can be told to leave out, the sum of two products of bytes is cut off at 16 bits.
    script = "from embeddings.layers import adds_bytes; print(adds_bytes())"
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "ONEDNN_MAX_CPU_ISA": isa},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for isa in ("AVX2", "DEFAULT")
    ]
    assert told == ["False", "True"]


def test_another_kind_of_processor_computes_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert adds_bytes.__wrapped__() is False


def test_a_model_built_otherwise_is_refused(weights: dict[str, NDArray[Any]]) -> None:
    with pytest.raises(ValueError, match="gelu_new"):
        bert(weights, {**CONFIG, "hidden_act": "gelu_new"})


def test_texts_of_like_length_go_together_and_all_come_back(weights: dict[str, NDArray[Any]]) -> None:
    model = bert(weights, CONFIG, layers=1)
    texts = [[1] * (1 + i % 32) for i in range(300)]
    found = [(batch, output.shape) for batch, output in run(compile_model(model, model.hidden), texts)]
    assert sorted(i for batch, _ in found for i in batch) == list(range(300))
    assert found[0][1] == (32, 32, 64)  # the longest 32 of 300 texts, 1024 tokens in all
    assert all(shape[0] * shape[1] <= 1024 for _, shape in found)
    assert len(found) == 7


def test_weights_are_read_as_safetensors_writes_them(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    arrays = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([0.5, -2], dtype=np.float16),
        "c": np.array([[7]], dtype=np.int64),
    }
    save_file(arrays, tmp_path / "some.safetensors", metadata={"format": "pt"})
    read = read_weights(tmp_path / "some.safetensors")
    assert {name: (array.dtype, array.tolist()) for name, array in read.items()} == {
        "a": (np.float32, [[0, 1, 2], [3, 4, 5]]),
        "b": (np.float16, [0.5, -2]),
        "c": (np.int64, [[7]]),
    }


@pytest.mark.parametrize("damage", [lambda data: data[:-4], lambda data: data[:20], lambda data: b"x" * 100])
def test_a_damaged_file_of_weights_is_refused(tmp_path: Path, damage: Any) -> None:
    from safetensors.numpy import save

    data = save({"a": np.arange(6, dtype=np.float32)})
    (tmp_path / "bad.safetensors").write_bytes(damage(data))
    with pytest.raises(ValueError, match="is no safetensors file"):
        read_weights(tmp_path / "bad.safetensors")


def test_threads_that_share_a_graph_take_turns() -> None:
    at_once, most = 0, 0

    class Request:
        inputs: list[NDArray[Any]]

        def infer(self, inputs: list[NDArray[Any]]) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            time.sleep(0.001)
            self.inputs = inputs

        def get_output_tensor(self, _: int) -> SimpleNamespace:
            nonlocal at_once
            at_once -= 1
            return SimpleNamespace(data=self.inputs[0][:, 0, 0])  # the first token's first value

    words = np.arange(40, dtype=np.float32).reshape(10, 4)
    compiled = Compiled(Request(), words, Lock())  # type: ignore[arg-type]

    def first_values(token: int) -> set[float]:
        return {float(value) for _, rows in run(compiled, [[token] * 1000] * 6) for value in rows}

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(first_values, range(8))) == [{4.0 * token} for token in range(8)]
    assert most == 1
