"""Vectors -> nearest rows, by cosine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Vectors, sha256_of

Ids = NDArray[np.int64]
_FLOAT16 = faiss.ScalarQuantizer.QT_fp16


class StaleIndexError(Exception):
    """The saved index is absent, damaged, or not made from the rows and the model asked for: make it anew."""


class VectorIndex(Protocol):
    """Finds the rows whose vectors are nearest. Never changed once made, so any number of threads may search."""

    def __len__(self) -> int: ...

    def search(self, vector: Vectors, k: int, *, among: Sequence[int] | Ids | None = None) -> list[tuple[int, float]]:
        """Return at most ``k`` (id, cosine in -1..1), highest first; only of the ids in ``among``, where given."""

    def cosines(self, vector: Vectors, ids: Sequence[int]) -> list[float]:
        """Return the cosines of the rows ``ids``, in their order."""

    def save(self, folder: Path, *, made_from: str) -> None:
        """Write the index so that a crash at any moment leaves the old one, the new one, or a stale one."""


class FaissIndex:
    """The cosine to every row, none left out. Rows and queries need not be normalised.

    The rows are kept in float16: half the memory of float32, a quarter of the time (2.3 ms instead of 9.3 over 70,000
    rows of 384, 11 instead of 41 over 300,000), and over 136,000 passages of news the first ten were always float32's;
    a cosine is off by less than 0.001. Eight bits were no faster and missed one in 300.

    FAISS crashes when one thread searches while another adds, so there is no adding: a changed library makes a new
    index (0.1 s for 100,000 rows) and puts it in the old one's place.
    """

    FILE = "vectors.faiss"
    MANIFEST = "vectors.json"

    def __init__(self, ids: Sequence[int] | Ids, vectors: Vectors) -> None:
        ids = np.asarray(ids, dtype=np.int64)
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if vectors.ndim != 2 or len(ids) != len(vectors):
            raise ValueError(f"{len(ids)} ids do not fit vectors of shape {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ValueError("a vector holds NaN or infinity")
        halves = faiss.IndexScalarQuantizer(vectors.shape[1], _FLOAT16, faiss.METRIC_INNER_PRODUCT)
        self._index: Any = faiss.IndexIDMap2(halves)
        self._index.add_with_ids(_unit(vectors), ids)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, vector: Vectors, k: int, *, among: Sequence[int] | Ids | None = None) -> list[tuple[int, float]]:
        """Return at most ``k`` (id, cosine), highest first. Raises ValueError for a vector of another model."""
        query = self._checked(vector)
        k = min(k, len(self))
        if k <= 0 or (among is not None and len(among) == 0):
            return []
        parameters = None
        if among is not None:
            chosen = np.zeros(int(np.max(among)) + 1, dtype=bool)
            chosen[among] = True
            bits = np.packbits(chosen, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        # One query is never shared out, and threads that wait for more would spin on the cores that encode. It is said
        # here because OpenMP keeps the number for each thread that asks.
        faiss.omp_set_num_threads(1)
        cosines, ids = self._index.search(query, k, params=parameters)
        # FAISS fills up with id -1 where fewer than k rows qualify, and leaves the order of equals to chance.
        found = [(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i != -1]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def cosines(self, vector: Vectors, ids: Sequence[int]) -> list[float]:
        """Return the cosines of the rows ``ids``, in their order. Raises KeyError where there is no such row."""
        query = self._checked(vector)
        if not ids:
            return []
        try:
            rows = self._index.reconstruct_batch(np.asarray(ids, dtype=np.int64))
        except RuntimeError as error:
            raise KeyError(f"not all of {list(ids)!r} are rows of this index") from error
        cosines: list[float] = (rows @ query[0]).tolist()
        return cosines

    def _checked(self, vector: Vectors) -> Vectors:
        query = np.asarray(vector, dtype=np.float32).reshape(1, -1)
        if len(self) and query.shape[1] != self._index.d:
            raise ValueError(f"the query has {query.shape[1]} dimensions, the index {self._index.d}")
        if not np.isfinite(query).all():
            raise ValueError("the query's vector holds NaN or infinity")
        return _unit(query)

    def save(self, folder: Path, *, made_from: str) -> None:
        """Write the rows, then the manifest that vouches for them (``made_from``, count, sha256), each by a rename."""
        data = faiss.serialize_index(self._index).tobytes()
        manifest = {"made_from": made_from, "count": len(self), "sha256": hashlib.sha256(data).hexdigest()}
        replace_file(folder / self.FILE, data)
        replace_file(folder / self.MANIFEST, json.dumps(manifest, indent=1).encode())

    @classmethod
    def load(cls, folder: Path, *, made_from: str) -> Self:
        """Read what `save` wrote. Raises StaleIndexError unless it is whole and ``made_from`` is the same.

        FAISS reads many a damaged file without an error and then finds wrong rows: the sha256 is what protects.
        """
        try:
            manifest = json.loads((folder / cls.MANIFEST).read_bytes())
            expected = {"made_from": made_from, "count": manifest["count"], "sha256": sha256_of(folder / cls.FILE)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StaleIndexError(f"no whole index in {str(folder)!r}: {error}") from error
        if manifest != expected:
            raise StaleIndexError(f"the index in {str(folder)!r} is damaged or of another state of the library")
        index = cls.__new__(cls)
        index._index = faiss.read_index(str(folder / cls.FILE))
        return index


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` so that a crash leaves the old file or the new one, never a part."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
