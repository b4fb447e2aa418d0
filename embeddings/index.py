"""Vectors -> nearest rows, by cosine."""

from __future__ import annotations

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
_HASHTABLE = 2  # faiss::DirectMap::Hashtable
_FLOAT16 = faiss.ScalarQuantizer.QT_fp16
# Up to so many rows the cosine to each is worked out: 9 ms on one core.
EXACT = 250_000
# Above, n rows are in 2 * sqrt(n) lists, of which 512 are searched.
_LISTS = 2.0
_PROBED = 512
_SAMPLED = 64  # rows a list, to find the lists by
_FEW = 20_000
_AT_ONCE = 8_192


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
    """Rows by the cosine to a query. Rows and queries need not be normalised.

    Up to `EXACT` rows, none is left out. They are kept in float16: half the memory of float32, a quarter of the time
    (2.3 ms instead of 9.3 over 70,000 rows of 384, 11 instead of 41 over 300,000), and over 136,000 passages of news
    the first ten were always float32's; a cosine is off by less than 0.001. Eight bits were no faster and missed one
    in 300.

    Above, the rows are in lists of neighbours (IVF), in 8 bits, of which those next to the query are searched: the
    figures are in docs/measures.md. Where ``among`` leaves few rows, all of them are compared all the same.

    FAISS crashes when one thread searches while another adds: `change` only an index that no other thread has.
    """

    FILE = "vectors.faiss"
    MANIFEST = "vectors.json"

    def __init__(self, ids: Sequence[int] | Ids, vectors: Vectors) -> None:
        ids, vectors = _rows(ids, vectors)
        self._index: Any = _in_lists(vectors) if len(ids) > EXACT else _exact(vectors.shape[1])
        for first in range(0, len(ids), _AT_ONCE):
            self._index.add_with_ids(_unit(vectors[first : first + _AT_ONCE]), ids[first : first + _AT_ONCE])

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> set[int]:
        """Return the ids of all rows."""
        if self._is_exact:
            return set(faiss.vector_to_array(self._index.id_map).tolist())
        lists = self._index.invlists
        return {
            row
            for number in range(self._index.nlist)
            for row in faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number)).tolist()
        }

    def change(self, ids: Sequence[int] | Ids, vectors: Vectors, *, removed: Sequence[int] = ()) -> None:
        """Remove rows by their ids, and add others.

        Raises StaleIndexError where so much changed that it is better made anew.
        """
        ids, vectors = _rows(ids, vectors)
        rows, made_for = len(self) + len(ids) - len(removed), max(self._made_for, 1)
        if (rows > EXACT) != (self._made_for > EXACT) or (rows > EXACT and not 0.5 < rows / made_for < 2):
            raise StaleIndexError(f"{rows} rows in an index that was made for {made_for}")
        if removed:
            gone = np.asarray(removed, dtype=np.int64)
            self._index.remove_ids(faiss.IDSelectorArray(gone))
        if len(ids):
            if not len(self) and vectors.shape[1] != self._index.d:
                self._index = _exact(vectors.shape[1])
            self._index.add_with_ids(_unit(vectors), ids)

    @property
    def _is_exact(self) -> bool:
        return isinstance(self._index, faiss.IndexIDMap2)

    @property
    def _made_for(self) -> int:
        """For how many rows the index was made: what counts is the number of its lists."""
        if self._is_exact:
            return 0
        return int((self._index.nlist / _LISTS) ** 2)

    def search(self, vector: Vectors, k: int, *, among: Sequence[int] | Ids | None = None) -> list[tuple[int, float]]:
        """Return at most ``k`` (id, cosine), highest first. Raises ValueError for a vector of another model."""
        query = self._checked(vector)
        k = min(k, len(self))
        if k <= 0 or (among is not None and len(among) == 0):
            return []
        if among is not None and len(among) <= _FEW and not self._is_exact:
            rows = [int(row) for row in among]
            return sorted(zip(rows, self.cosines(vector, rows), strict=True), key=lambda pair: (-pair[1], pair[0]))[:k]
        parameters: Any = None
        if not self._is_exact:
            probed = _PROBED if among is None else min(_PROBED * len(self) // len(among) + 1, self._index.nlist)
            parameters = faiss.SearchParametersIVF(nprobe=probed)  # type: ignore[call-arg]
        elif among is not None:
            parameters = faiss.SearchParameters()
        if among is not None:
            chosen = np.zeros(int(np.max(among)) + 1, dtype=bool)
            chosen[among] = True
            bits = np.packbits(chosen, bitorder="little")
            parameters.sel = selector = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]  # noqa: F841
        # One query is never shared out, and threads that wait for more would spin on the cores that encode. It is said
        # here because OpenMP keeps the number for each thread that asks.
        faiss.omp_set_num_threads(1)
        distances, ids = self._index.search(query, k, params=parameters)
        # FAISS fills up with id -1 where fewer than k rows qualify, and leaves the order of equals to chance.
        found = [(int(i), float(c)) for i, c in zip(ids[0], distances[0], strict=True) if i != -1]
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
        written = folder / f"{self.FILE}.new"
        faiss.write_index(self._index, str(written))
        with written.open("rb+") as file:
            os.fsync(file.fileno())
        manifest = {"made_from": made_from, "count": len(self), "sha256": sha256_of(written)}
        written.replace(folder / self.FILE)
        replace_file(folder / self.MANIFEST, json.dumps(manifest, indent=1).encode())

    @classmethod
    def state_of(cls, folder: Path) -> str:
        """Return what the saved index was made from. Raises StaleIndexError where there is none."""
        try:
            return str(json.loads((folder / cls.MANIFEST).read_bytes())["made_from"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StaleIndexError(f"no whole index in {str(folder)!r}: {error}") from error

    @classmethod
    def load(cls, folder: Path, *, made_from: str | None = None) -> Self:
        """Read what `save` wrote. Raises StaleIndexError unless it is whole and, if given, ``made_from`` is the same.

        FAISS reads many a damaged file without an error and then finds wrong rows: the sha256 is what protects.
        """
        try:
            manifest = json.loads((folder / cls.MANIFEST).read_bytes())
            whole = manifest["sha256"] == sha256_of(folder / cls.FILE)
            stale = made_from not in (None, manifest["made_from"])
            count = int(manifest["count"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StaleIndexError(f"no whole index in {str(folder)!r}: {error}") from error
        if not whole or stale:
            raise StaleIndexError(f"the index in {str(folder)!r} is damaged or of another state of the library")
        index = cls.__new__(cls)
        index._index = faiss.read_index(str(folder / cls.FILE))
        if len(index) != count:
            raise StaleIndexError(f"the index in {str(folder)!r} is damaged: it has {len(index)} rows, not {count}")
        return index


def _rows(ids: Sequence[int] | Ids, vectors: Vectors) -> tuple[Ids, Vectors]:
    ids = np.asarray(ids, dtype=np.int64)
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(ids) != len(vectors):
        raise ValueError(f"{len(ids)} ids do not fit vectors of shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds NaN or infinity")
    return ids, vectors


def _exact(dimension: int) -> Any:
    return faiss.IndexIDMap2(faiss.IndexScalarQuantizer(dimension, _FLOAT16, faiss.METRIC_INNER_PRODUCT))


def _in_lists(vectors: Vectors) -> Any:
    """Return an index without rows, its lists and 8 bits fitted to a sample of the vectors."""
    lists = int(_LISTS * len(vectors) ** 0.5)
    index: Any = faiss.index_factory(vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = 1
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    sample = np.random.default_rng(1).choice(len(vectors), min(len(vectors), _SAMPLED * lists), replace=False)
    index.train(_unit(vectors[np.sort(sample)]))
    # By this a row is found by its id, to be compared or removed.
    index.set_direct_map_type(_HASHTABLE)
    return index


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` so that a crash leaves the old file or the new one, never a part."""
    temporary = path.with_name(path.name + ".new")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
