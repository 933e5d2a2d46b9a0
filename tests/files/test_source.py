from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from operando.errors import FileError
from operando.files.source import Joined, Mapped, is_scattered, to_dask


@dataclass(frozen=True)
class Counting:
    """A source that remembers what it was asked for."""

    values: np.ndarray
    asked: list[tuple[slice, ...]] = field(default_factory=list)
    chunks: tuple[int, int, int, int, int] = (1, 1, 1, 4, 5)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    def read(self, box: tuple[slice, ...]) -> np.ndarray:
        self.asked.append(box)
        return self.values[box]


VALUES = np.random.default_rng(0).random((3, 2, 6, 4, 5))


def test_only_the_chunks_needed_are_read() -> None:
    source = Counting(VALUES)
    array = to_dask(source, [Path(__file__)])
    assert not source.asked
    assert np.array_equal(np.asarray(array[1, 1, 3]), VALUES[1, 1, 3])
    assert [[s.start for s in box] for box in source.asked] == [[1, 1, 3, 0, 0]]
    assert np.array_equal(np.asarray(array), VALUES)


def test_the_graph_stays_small_however_many_chunks_there_are() -> None:
    array = to_dask(Counting(np.broadcast_to(np.uint8(1), (1000, 1, 1000, 4, 5))), [Path(__file__)])
    assert array.npartitions == 10**6
    assert len(array.dask.layers) <= 2
    assert np.asarray(array[999, 0, 999]).shape == (4, 5)


def test_joined_sources_follow_each_other_in_time() -> None:
    parts = (Counting(VALUES), Counting(VALUES[:1] + 1), Counting(VALUES[:2] + 2))
    joined = Joined(parts)
    whole = np.concatenate([p.values for p in parts])
    assert joined.shape == whole.shape
    everything = [slice(0, n) for n in whole.shape[1:]]
    for start, stop in [(0, 6), (2, 3), (2, 5), (3, 4), (5, 6)]:
        found = joined.read((slice(start, stop), *everything))
        assert np.array_equal(found, whole[start:stop])
    assert np.array_equal(np.asarray(to_dask(joined, [Path(__file__)])), whole)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", ">f8"])
def test_mapped_arrays(tmp_path: Path, dtype: str, order: str) -> None:
    stored = np.asarray((VALUES[0, 0] * 1000).astype(dtype), order=order)
    (tmp_path / "a.raw").write_bytes(b"head" + stored.tobytes(order))
    source = Mapped(tmp_path / "a.raw", stored.shape, stored.dtype, 4, "zyx", order)
    box = (slice(0, 1), slice(0, 1), slice(2, 5), slice(1, 3), slice(0, 5))
    found = source.read(box)
    assert found.dtype.isnative
    assert np.array_equal(found[0, 0], stored[2:5, 1:3])


def test_a_mapped_file_that_is_too_short(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(10))
    source = Mapped(tmp_path / "a.raw", (3, 4, 5), np.dtype("u1"), 0, "zyx")
    with pytest.raises(FileError, match=r"a\.raw cannot be read"):
        source.read((slice(0, 1),) * 5)


def test_rows_of_many_pages_are_scattered_and_nothing_else_is() -> None:
    volume = np.zeros((3, 400, 1000), np.uint16)
    assert is_scattered(volume[:, 7:8])  # 2 kB out of every 800 kB
    assert is_scattered(volume.T[..., 5:7, :])
    assert not is_scattered(volume[1:2])
    assert not is_scattered(volume[..., 7:8])  # every memory page is touched anyway
    assert not is_scattered(volume[:, :200])  # pieces of 400 kB
    assert not is_scattered(volume[:, :, ::2])
    assert not is_scattered(volume[:1, :1, :1])


def test_a_slice_along_y_of_a_large_file(tmp_path: Path) -> None:
    stored = np.arange(3 * 400 * 1000, dtype="<u2").reshape(3, 400, 1000)
    (tmp_path / "a.raw").write_bytes(stored.tobytes())
    source = Mapped(tmp_path / "a.raw", stored.shape, stored.dtype, 0, "zyx")
    box = (slice(0, 1), slice(0, 1), slice(0, 3), slice(7, 8), slice(0, 1000))
    assert np.array_equal(source.read(box)[0, 0], stored[:, 7:8])


@pytest.mark.parametrize(
    "index",
    [
        (1, 0, slice(None), 2),
        (slice(None), 0, slice(None, None, -2), slice(1, 4, 2)),
        (0, 0, None, -1),
        (0, 0, slice(3, 3)),
        (slice(None), 0, [3, 0, 1]),
        (Ellipsis, np.array([4, 1])),
    ],
)
def test_what_dask_slices_is_what_numpy_slices(tmp_path: Path, index: tuple[object, ...]) -> None:
    whole = np.arange(240, dtype="<u2").reshape(2, 1, 4, 5, 6)
    (tmp_path / "a.raw").write_bytes(whole.tobytes())
    source = Mapped(tmp_path / "a.raw", whole.shape, whole.dtype, 0, "tczyx")
    lazy = to_dask(source, [tmp_path / "a.raw"])
    assert np.array_equal(np.asarray(lazy[index]), whole[index])
