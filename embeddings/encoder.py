"""Text -> unit vectors."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
Model = TypeVar("Model")

# What decides a model's vectors. Exports of the same weights (onnx/, openvino/) are never loaded, so never fetched.
_MODEL_FILES = ("*.safetensors", "*.bin", "*.json", "*.txt", "*.model")
_EXPORTS = ("onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.gguf")


class Encoder(Protocol):
    """Turns texts into vectors whose inner product is their cosine."""

    @property
    def identity(self) -> str:
        """Name of the model and its weights: two encoders of one identity give the same vectors."""

    @property
    def token_limit(self) -> int:
        """The most tokens of one text that reach its vector, the special ones not counted."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets (start, end) of each token of the whole text, in order, without special tokens."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return unit vectors, float32 of shape (len(texts), dimension), in the order of ``texts``."""


def load_encoder(model: str | os.PathLike[str] | None = None) -> Encoder:
    """Return the encoder of ``model``: None or all-MiniLM-L6-v2 is the packaged one, any other is of the user's.

    Raises what `MiniLMEncoder` and `SentenceEncoder` raise.
    """
    from embeddings.minilm import NAME, MiniLMEncoder

    if model is None or str(model) in ("", NAME, f"sentence-transformers/{NAME}"):
        return MiniLMEncoder()
    return SentenceEncoder(model)


class SentenceEncoder:
    """A sentence-transformers model as an `Encoder`; made at once, its weights loaded at the first text.

    ``model`` is a folder or a name on the Hugging Face hub (used offline where it is cached). Computes in bfloat16
    where the processor has it (on 300 news articles 1.6 times the tokens a second of float32, at a cosine of 0.9999
    to it), otherwise in float32.

    Raises FileNotFoundError where the model cannot be had, ValueError where it does not load.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        self.name = str(model)
        self._folder = model_folder(self.name, flag="--model")
        digests = {
            path.relative_to(self._folder).as_posix(): sha256_of(path)
            for pattern in _MODEL_FILES
            for path in self._folder.rglob(pattern)
            if path.parent.name not in ("onnx", "openvino")
        }
        whole = hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()
        self.identity = f"{Path(self.name).name}:{whole[:16]}"
        self._model = once(self._load)

    def _load(self) -> SentenceTransformer:
        from sentence_transformers import SentenceTransformer

        return load_model(SentenceTransformer, self._folder, self.name, flag="--model")

    @property
    def token_limit(self) -> int:
        """The model's own limit less its special tokens."""
        model = self._model()
        limit = model.max_seq_length or 512
        return int(limit) - int(model.tokenizer.num_special_tokens_to_add())

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets (start, end) of each token of ``text``, however long it is."""
        tokens = self._model().tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        return [(int(start), int(end)) for start, end in tokens["offset_mapping"]]

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return unit vectors, float32 (len(texts), dimension), in batches of texts of like length.

        Queries and passages each get the model's own prompt, where it has one.
        """
        model = self._model()
        if not texts:
            return np.empty((0, int(model.get_embedding_dimension() or 0)), dtype=np.float32)
        encode = model.encode_query if query else model.encode_document
        tensor = encode(list(texts), batch_size=32, convert_to_tensor=True, show_progress_bar=False)
        vectors: Vectors = tensor.float().numpy()
        # Normalised here, in float32: in bfloat16 a vector's length would be off by up to 0.4%.
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


def once(load: Callable[[], Model]) -> Callable[[], Model]:
    """Return a function that gives what ``load`` gives: called at its first use, by one thread while others wait."""
    loading, loaded = threading.Lock(), cache(load)

    def get() -> Model:
        with loading:
            return loaded()

    return get


def model_folder(name: str, *, flag: str) -> Path:
    """Return the folder of a model that a user named with ``flag``. Raises FileNotFoundError where it cannot be had."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, ignore_patterns=list(_EXPORTS)))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise FileNotFoundError(
            f"the model {name!r} is neither a folder on this machine nor in the Hugging Face cache, and could not "
            "be downloaded: give the path of a folder that holds the model, or download it once where there is a "
            f"network ('hf download {name}'), or leave {flag} out"
        ) from error


def load_model(kind: Callable[..., Model], folder: Path, name: str, *, flag: str) -> Model:
    """Return a sentence-transformers model, made by ``kind``, in bfloat16 where the processor has it, else in float32.

    Raises ValueError where it does not load; ``flag`` is what the user named it with.
    """
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    bfloat16 = torch.cpu.get_capabilities().get("avx512_bf16") or torch.cpu.get_capabilities().get("amx_bf16")
    try:
        return kind(
            str(folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"dtype": torch.bfloat16 if bfloat16 else torch.float32},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{name!r} does not load as a sentence-transformers model: {error}. Give another model with {flag}"
        ) from error


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
