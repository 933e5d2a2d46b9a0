from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.errors import FileError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(5)
VOLUME = RNG.integers(0, 250, (7, 16, 33), dtype=np.uint8)
DTYPES = [
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float16", "float32", "float64", "bool",
]  # fmt: skip


def opened(path: Path) -> np.ndarray:
    return np.asarray(read(path).data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_of_voxel(tmp_path: Path, dtype: str, order: str) -> None:
    volume = (VOLUME > 99) if dtype == "bool" else (VOLUME.astype(dtype) - 3).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", volume, byteorder=order)
    found = opened(tmp_path / "a.tif")
    assert found.dtype == np.dtype(dtype)
    assert np.array_equal(found[0, 0], volume)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib", "predictor": True},
        {"compression": "lzw", "predictor": True},
        {"compression": "zstd"},
        {"compression": "packbits"},
        {"compression": "lzma"},
        {"compression": "zlib", "rowsperstrip": 5},
        {"tile": (16, 16)},
        {"tile": (32, 48), "compression": "zlib"},
        {"rowsperstrip": 3},
        {"bigtiff": True, "byteorder": ">"},
        {"metadata": None},
        {"metadata": None, "contiguous": False},
        {"ome": True, "metadata": {"axes": "ZYX"}, "compression": "zlib"},
    ],
)
def test_every_layout(tmp_path: Path, options: dict[str, object]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", VOLUME, photometric="minisblack", **options)
    assert np.array_equal(opened(tmp_path / "a.tif")[0, 0], VOLUME)


def test_float_predictor(tmp_path: Path) -> None:
    volume = VOLUME.astype(np.float32) / 7
    tifffile.imwrite(tmp_path / "a.tif", volume, compression="zlib", predictor=3)
    assert np.array_equal(opened(tmp_path / "a.tif")[0, 0], volume)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["imagej", "ome"])
def test_hyperstacks(tmp_path: Path, kind: str, compression: str | None) -> None:
    five = RNG.integers(0, 9999, (3, 5, 2, 8, 9), dtype=np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif", five, metadata={"axes": "TZCYX"}, compression=compression,
        imagej=kind == "imagej", ome=kind == "ome",
    )  # fmt: skip
    series = read(tmp_path / "a.tif")
    assert series.data.shape == (3, 2, 5, 8, 9)
    assert np.array_equal(np.asarray(series.data), five.swapaxes(1, 2))


def test_one_ome_image_over_several_files(shared_data: Path) -> None:
    folder = shared_data / "formats" / "ome_tiff" / "multifile_master"
    slices = [
        tifffile.imread(folder / f"multifile-Z{i}.ome.tiff", is_ome=False) for i in range(1, 6)
    ]
    for path in (folder, folder / "multifile-Z1.ome.tiff"):
        assert np.array_equal(opened(path)[0, 0], np.stack(slices))


def test_a_missing_part_of_an_ome_image_is_no_silent_zero(
    tmp_path: Path, shared_data: Path
) -> None:
    folder = shared_data / "formats" / "ome_tiff" / "multifile_master"
    for i in (1, 2, 4, 5):
        name = f"multifile-Z{i}.ome.tiff"
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(FileError, match="images that are not there"):
        read(tmp_path / "multifile-Z1.ome.tiff")


def test_colour_is_refused(tmp_path: Path) -> None:
    image = RNG.integers(0, 255, (20, 21, 3), dtype=np.uint8)
    for name, options in {
        "raw": {}, "packed": {"compression": "zlib"},
        "planes": {"planarconfig": "separate"},
    }.items():  # fmt: skip
        data = np.moveaxis(image, -1, 0).copy() if name == "planes" else image
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, data, photometric="rgb", metadata=None, **options)
        with pytest.raises(FileError, match=rf"in colour \(RGB\); {name}\.tif"):
            read(path)


def test_grey_stored_as_colour_is_grey(tmp_path: Path) -> None:
    grey = RNG.integers(0, 255, (20, 21), dtype=np.uint8)
    alpha = np.full_like(grey, 255)
    rgba = np.stack([grey, grey, grey, alpha], -1)
    tifffile.imwrite(
        tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"], metadata=None
    )
    assert np.array_equal(opened(tmp_path / "a.tif")[0, 0, 0], grey)
    planes = np.stack([grey] * 3)
    tifffile.imwrite(
        tmp_path / "b.tif", planes, photometric="rgb", planarconfig="separate", metadata=None
    )
    assert np.array_equal(opened(tmp_path / "b.tif")[0, 0, 0], grey)


def test_a_later_colour_slice_is_refused_when_it_is_read(tmp_path: Path) -> None:
    grey = np.stack([RNG.integers(0, 255, (20, 21), dtype=np.uint8)] * 3, -1)
    colour = grey.copy()
    colour[3, 4, 1] ^= 1
    for z, image in enumerate((grey, grey, colour)):
        tifffile.imwrite(tmp_path / f"{z}.tif", image, photometric="rgb", metadata=None)
    series = read(tmp_path)
    assert np.array_equal(np.asarray(read(tmp_path / "1.tif").data)[0, 0, 0], grey[..., 0])
    with pytest.raises(FileError, match=r"in colour \(RGB\); 2\.tif"):
        np.asarray(series.data)


def test_alpha_is_left_out(tmp_path: Path) -> None:
    image = RNG.integers(0, 255, (20, 21, 2), dtype=np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", image, photometric="minisblack", planarconfig="contig",
        extrasamples=["unassalpha"], metadata=None,
    )  # fmt: skip
    assert np.array_equal(opened(tmp_path / "a.tif")[0, 0, 0], image[..., 0])


def test_plain_samples_are_channels(tmp_path: Path) -> None:
    image = RNG.integers(0, 255, (20, 21, 5), dtype=np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", image, photometric="minisblack", planarconfig="contig",
        extrasamples=[0] * 4, metadata=None,
    )  # fmt: skip
    series = read(tmp_path / "a.tif")
    assert series.data.shape == (1, 5, 1, 20, 21)
    assert np.array_equal(np.asarray(series.data)[0, :, 0], np.moveaxis(image, -1, 0))


def test_a_stack_stored_as_planes_of_colour_is_a_stack(tmp_path: Path) -> None:
    volume = VOLUME[:3]
    tifffile.imwrite(
        tmp_path / "a.tif", volume, photometric="rgb", planarconfig="separate",
        metadata={"axes": "ZYX"},
    )  # fmt: skip
    assert np.array_equal(opened(tmp_path / "a.tif")[0, 0], volume)


def test_a_palette_is_refused_but_not_the_colours_of_imagej(tmp_path: Path) -> None:
    ramp = np.stack([np.arange(256, dtype=np.uint16) * 257] * 3)
    ramp[1] = 0
    tifffile.imwrite(tmp_path / "a.tif", VOLUME[0], photometric="palette", colormap=ramp)
    with pytest.raises(FileError, match="colour palette"):
        read(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", VOLUME, imagej=True, colormap=ramp)
    assert opened(tmp_path / "b.tif").sum() == VOLUME.sum()


def test_white_is_zero_keeps_the_values(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", VOLUME, photometric="miniswhite")
    series = read(tmp_path / "a.tif")
    assert np.array_equal(np.asarray(series.data)[0, 0], VOLUME)
    assert series.metadata[0]["white_is_zero"]


def test_images_of_different_size_in_one_file(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(VOLUME[0], metadata=None)
        writer.write(VOLUME[0, :9], metadata=None)
    with pytest.raises(FileError, match="2 separate images"):
        read(tmp_path / "a.tif")


def test_a_thumbnail_is_passed_over(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(VOLUME[0], metadata=None)
        writer.write(VOLUME[0, ::4, ::4].copy(), metadata=None, subfiletype=1)
    assert np.array_equal(opened(tmp_path / "a.tif")[0, 0, 0], VOLUME[0])


def test_what_is_no_tiff(tmp_path: Path) -> None:
    for content in (b"", b"II", b"no tiff at all, but long enough", b"II*\0\0\0\0\0"):
        (tmp_path / "a.tif").write_bytes(content)
        with pytest.raises(FileError, match=r"a\.tif"):
            read(tmp_path / "a.tif")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"imagej": True},
        {"metadata": None, "contiguous": False},
        {"metadata": None, "compression": "zlib"},
        {"ome": True, "metadata": {"axes": "ZYX"}},
    ],
)
def test_a_truncated_file_is_refused_when_it_is_opened(
    tmp_path: Path, options: dict[str, object], share: float
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, photometric="minisblack", **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileError, match=r"a\.tif"):
        read(path)


def test_a_file_that_shrinks_after_opening_is_named(tmp_path: Path) -> None:
    for options in ({}, {"compression": "zlib"}):
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, VOLUME, **options)
        series = read(path)
        path.write_bytes(path.read_bytes()[:200])
        with pytest.raises(FileError, match=r"a\.tif"):
            np.asarray(series.data[0, 0, 5])
        path.unlink()
        with pytest.raises(FileError, match=r"a\.tif"):
            np.asarray(series.data[0, 0, 5])
