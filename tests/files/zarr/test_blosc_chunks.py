from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec

from operando.errors import FileError
from operando.files import read
from operando.files.zarr.blosc_chunks import BloscChunks

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (2, 21, 30, 17)


def stored(path: Path, values: np.ndarray, **settings: Any) -> zarr.Array:
    return zarr.create_array(
        str(path),
        data=values,
        chunks=(1, 8, 16, 16),
        compressors=settings.pop("compressors", BloscCodec(cname="lz4", clevel=1)),
        **settings,
    )


@pytest.mark.parametrize("dtype", ["uint8", "int16", "<f4", ">u2"])
def test_any_box_is_what_zarr_reads(tmp_path: Path, rng: np.random.Generator, dtype: str) -> None:
    array = stored(tmp_path / "a", rng.integers(0, 100, SHAPE).astype(dtype))
    chunks = BloscChunks.of(array)
    assert chunks is not None
    for _ in range(20):
        ends = [sorted(rng.choice(n + 1, 2, replace=False)) for n in SHAPE]
        box = tuple(slice(int(a), int(b)) for a, b in ends)
        found = chunks.read(box)
        assert found.dtype.isnative
        assert np.array_equal(found, np.asarray(array[box]))


def test_chunks_that_were_never_written_have_the_fill_value(tmp_path: Path) -> None:
    array = zarr.create_array(
        str(tmp_path / "a"), shape=(40, 40), chunks=(16, 16), dtype="u2", fill_value=7,
        compressors=BloscCodec(),
    )  # fmt: skip
    array[:16, :16] = 3
    chunks = BloscChunks.of(array)
    assert chunks is not None
    found = chunks.read((slice(0, 40), slice(10, 20)))
    assert np.array_equal(found, np.asarray(array[:, 10:20]))
    assert set(np.unique(found)) == {3, 7}


@pytest.mark.parametrize(
    "settings",
    [{"compressors": None}, {"zarr_format": 2, "compressors": "auto"}, {"shards": (2, 24, 32, 32)}],
)
def test_what_is_stored_in_another_way_is_left_to_zarr(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    assert BloscChunks.of(stored(tmp_path / "a", np.ones(SHAPE, np.uint8), **settings)) is None


@pytest.mark.parametrize("damage", ["cut", "header", "empty"])
def test_damaged_chunks_are_refused(tmp_path: Path, damage: str) -> None:
    stored(tmp_path / "a.zarr", np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE))
    path = tmp_path / "a.zarr" / "c" / "1" / "0" / "0" / "0"
    packed = bytearray(path.read_bytes())
    if damage == "header":
        packed[5] ^= 0x40
    path.write_bytes({"cut": packed[:-9], "header": packed, "empty": b""}[damage])
    series = read(tmp_path / "a.zarr", axes="tzyx")
    with pytest.raises(FileError, match="damaged"):
        np.asarray(series.data)
    assert np.asarray(series.data[0, 0, 0, 0, :3]).tolist() == [0, 1, 2]


def test_a_slice_unpacks_only_the_chunks_it_crosses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(tmp_path / "a.zarr", np.ones(SHAPE, np.uint16))
    series = read(tmp_path / "a.zarr", axes="tzyx")
    unpacked = []
    unpack = BloscChunks._unpack
    monkeypatch.setattr(
        BloscChunks,
        "_unpack",
        lambda c, place, *room: unpacked.append(tuple(place)) or unpack(c, place, *room),
    )
    assert np.asarray(series.data[1, 0, :, 20]).shape == (21, 17)
    assert sorted(unpacked) == [(1, z, 1, x) for z in range(3) for x in range(2)]
