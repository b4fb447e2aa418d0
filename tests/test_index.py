"""The contract of a VectorIndex: literal ids and cosines, and no wrong row from a damaged file."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest

from embeddings import FaissIndex, StaleIndexError

# None of length 1, so that an index that forgets to normalise rows or query gets other cosines and another order.
ROWS = np.array([[3, 4, 0], [0, 10, 0], [-2, 0, 0], [0, 0, 0.5], [0, 0, 0]], dtype=np.float32)
IDS = [70, 5, 900, 12, 33]


@pytest.fixture
def index() -> FaissIndex:
    return FaissIndex(IDS, ROWS)


def found(pairs: list[tuple[int, float]]) -> list[tuple[int, float]]:
    return [(i, round(cosine, 3)) for i, cosine in pairs]  # float16 keeps 0.8 as 0.79980


def test_a_search_gives_ids_with_cosines_best_first(index: FaissIndex) -> None:
    assert found(index.search(np.array([0, 7, 0]), 3)) == [(5, 1.0), (70, 0.8), (900, 0.0)]
    assert found(index.search(np.array([20, 0, 0]), 9)) == [(70, 0.6), (5, 0.0), (12, 0.0), (33, 0.0), (900, -1.0)]


def test_a_search_among_some_ids_finds_all_of_them(index: FaissIndex) -> None:
    assert found(index.search(np.array([0, 7, 0]), 3, among=[900, 70])) == [(70, 0.8), (900, 0.0)]
    assert index.search(np.array([0, 7, 0]), 3, among=[]) == []


def test_what_float16_finds_is_what_float32_finds() -> None:
    rng = np.random.default_rng(4)
    rows, queries = (rng.normal(size=(n, 384)).astype(np.float32) for n in (3000, 50))
    cosines = (queries / np.linalg.norm(queries, axis=1, keepdims=True)) @ (
        rows / np.linalg.norm(rows, axis=1, keepdims=True)
    ).T
    index = FaissIndex(range(3000), rows)
    for query, exact in zip(queries, cosines, strict=True):
        pairs = index.search(query, 10)
        assert len({i for i, _ in pairs} & set(np.argsort(-exact)[:10])) >= 9
        assert [cosine for _, cosine in pairs] == pytest.approx([exact[i] for i, _ in pairs], abs=2e-4)


def test_cosines_of_some_rows_are_those_of_a_search(index: FaissIndex) -> None:
    assert found([*zip([900, 70], index.cosines(np.array([0, 7, 0]), [900, 70]), strict=True)]) == [(900, 0), (70, 0.8)]
    assert index.cosines(np.array([0, 7, 0]), []) == []
    with pytest.raises(KeyError, match=r"not all of \[70, 71\] are rows"):
        index.cosines(np.array([0, 7, 0]), [70, 71])


def test_an_empty_index_finds_nothing() -> None:
    assert FaissIndex([], np.empty((0, 3), dtype=np.float32)).search(np.array([1, 0, 0]), 5) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [([1, 2], "the query has 2 dimensions, the index 3"), ([np.nan, 0, 0], "the query's vector holds NaN")],
)
def test_a_query_that_does_not_fit_is_refused(index: FaissIndex, query: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        index.search(np.array(query), 1)


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 ids do not fit"):
        FaissIndex([1, 2], ROWS)
    with pytest.raises(ValueError, match="a vector holds NaN or infinity"):
        FaissIndex([1], np.array([[np.inf, 0]], dtype=np.float32))


def test_a_saved_index_finds_the_same(index: FaissIndex, tmp_path: Path) -> None:
    index.save(tmp_path, made_from="state 1")
    loaded = FaissIndex.load(tmp_path, made_from="state 1")
    assert len(loaded) == 5
    assert loaded.search(np.array([0, 7, 0]), 5) == index.search(np.array([0, 7, 0]), 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vectors.faiss", "vectors.json"]


def test_an_index_of_another_state_is_stale(index: FaissIndex, tmp_path: Path) -> None:
    with pytest.raises(StaleIndexError, match="no whole index"):
        FaissIndex.load(tmp_path, made_from="state 1")
    index.save(tmp_path, made_from="state 1")
    with pytest.raises(StaleIndexError, match="damaged or of another state"):
        FaissIndex.load(tmp_path, made_from="state 2")


def test_no_flipped_bit_and_no_cut_goes_unnoticed(index: FaissIndex, tmp_path: Path) -> None:
    index.save(tmp_path, made_from="state 1")
    rng = random.Random(3)
    for _ in range(300):
        file = tmp_path / rng.choice(["vectors.faiss", "vectors.json"])
        whole = file.read_bytes()
        position = rng.randrange(len(whole))
        flipped = bytes([whole[position] ^ (1 << rng.randrange(8))])
        file.write_bytes(whole[:position] + (flipped + whole[position + 1 :] if rng.random() < 0.7 else b""))
        try:
            loaded = FaissIndex.load(tmp_path, made_from="state 1")
        except StaleIndexError:
            pass
        else:  # white space in the manifest: it says the same
            assert loaded.search(np.array([0, 7, 0]), 5) == index.search(np.array([0, 7, 0]), 5)
        file.write_bytes(whole)


def test_threads_may_search_at_once(index: FaissIndex) -> None:
    expected = index.search(np.array([0, 7, 0]), 5)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: index.search(np.array([0, 7, 0]), 5), range(400)))
    assert all(result == expected for result in results)


def test_a_search_leaves_no_thread_spinning_whichever_thread_asks(index: FaissIndex) -> None:
    def threads_after_a_search(_: int) -> int:
        index.search(np.array([0, 7, 0]), 1)
        return int(faiss.omp_get_max_threads())

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(threads_after_a_search, range(4))) == {1}


def test_a_changed_index_finds_what_one_made_anew_finds(index: FaissIndex, tmp_path: Path) -> None:
    index.save(tmp_path, made_from="state 1")
    changed = FaissIndex.load(tmp_path)
    changed.change([40, 41], np.array([[0, 5, 5], [9, 0, 0]], dtype=np.float32), removed=[5, 12])
    anew = FaissIndex([70, 900, 33, 40, 41], np.vstack([ROWS[[0, 2, 4]], [[0, 5, 5], [9, 0, 0]]]))
    assert changed.ids() == anew.ids() == {70, 900, 33, 40, 41}
    for query in ([0, 7, 0], [1, 2, 3]):
        assert changed.search(np.array(query), 9) == anew.search(np.array(query), 9)
    changed.save(tmp_path, made_from="state 2")
    assert FaissIndex.load(tmp_path, made_from="state 2").ids() == anew.ids()


def test_an_index_that_was_emptied_takes_rows_of_another_dimension(index: FaissIndex) -> None:
    index.change([1], np.array([[3, 4]], dtype=np.float32), removed=IDS)
    assert found(index.search(np.array([1, 0]), 5)) == [(1, 0.6)]


def clustered(count: int, rng: np.random.Generator) -> np.ndarray:
    centres = np.random.default_rng(0).normal(size=(300, 64))
    return (centres[rng.integers(300, size=count)] + rng.normal(size=(count, 64))).astype(np.float32)


@pytest.fixture
def in_lists(monkeypatch: pytest.MonkeyPatch) -> tuple[FaissIndex, FaissIndex, np.ndarray]:
    """An index in lists, an exact one of the same 20,000 rows with the ids 7, 8, ..., and the rows."""
    rows = clustered(20_000, np.random.default_rng(1))
    exact = FaissIndex(range(7, 20_007), rows)
    monkeypatch.setattr("embeddings.index.EXACT", 10_000)
    return FaissIndex(range(7, 20_007), rows), exact, rows


def recall(index: FaissIndex, exact: FaissIndex, among: np.ndarray | None = None) -> float:
    queries = clustered(100, np.random.default_rng(2))
    shared = [
        len({i for i, _ in index.search(query, 10, among=among)} & {i for i, _ in exact.search(query, 10, among=among)})
        for query in queries
    ]
    return sum(shared) / 1000


def test_many_rows_are_kept_in_lists_and_nearly_all_neighbours_found(
    in_lists: tuple[FaissIndex, FaissIndex, np.ndarray], tmp_path: Path
) -> None:
    index, exact, rows = in_lists
    assert index._index.nlist == 282
    assert recall(index, exact) >= 0.95
    assert index.ids() == set(range(7, 20_007))
    for i, cosine in index.search(rows[3], 5):
        assert cosine == pytest.approx(exact.cosines(rows[3], [i])[0], abs=0.02)
    index.save(tmp_path, made_from="x")
    assert FaissIndex.load(tmp_path, made_from="x").search(rows[3], 5) == index.search(rows[3], 5)
    assert index.search(rows[3], 1)[0][0] == 10
    with pytest.raises(KeyError):
        index.cosines(rows[3], [7, 6])


def test_a_filter_finds_all_of_few_rows_in_lists_and_nearly_all_of_many(
    in_lists: tuple[FaissIndex, FaissIndex, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, exact, rows = in_lists
    few = np.arange(7, 20_007, 400)
    assert [i for i, _ in index.search(rows[0], 50, among=few)] != []
    assert {i for i, _ in index.search(rows[0], 50, among=few)} == set(few.tolist())
    monkeypatch.setattr("embeddings.index._FEW", 10)
    assert recall(index, exact, among=np.arange(7, 20_007, 5)) >= 0.95


def test_lists_change_as_an_exact_index_does(
    in_lists: tuple[FaissIndex, FaissIndex, np.ndarray], tmp_path: Path
) -> None:
    index, _, rows = in_lists
    index.save(tmp_path, made_from="x")
    index = FaissIndex.load(tmp_path)
    new = clustered(500, np.random.default_rng(5))
    index.change(range(30_000, 30_500), new, removed=list(range(7, 1007)))
    anew = FaissIndex([*range(1007, 20_007), *range(30_000, 30_500)], np.vstack([rows[1000:], new]))
    assert index.ids() == anew.ids()
    assert index.search(new[0], 1)[0][0] == 30_000
    assert 7 not in {i for i, _ in index.search(rows[0], 50)}
    with pytest.raises(KeyError):
        index.cosines(rows[0], [7])


def test_an_index_that_outgrew_what_it_was_made_for_is_made_anew(
    in_lists: tuple[FaissIndex, FaissIndex, np.ndarray],
) -> None:
    index, exact, rows = in_lists
    for one, ids, removed in ((exact, range(40_000, 40_010), []), (index, [], list(range(7, 15_007)))):
        with pytest.raises(StaleIndexError, match="in an index that was made for"):
            one.change(ids, rows[: len(ids)], removed=removed)
