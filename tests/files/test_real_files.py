from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.errors import FileError
from operando.files import describe, read

if TYPE_CHECKING:
    from pathlib import Path

COLOUR = {"BigTIFF.tif", "BigTIFFLong.tif", "palette-1c-8b.tiff", "rgb.tif", "olympus_SIS.tif"}
FIRST_SAMPLE = {"minisblack-2c-8b-alpha.tiff": 0, "NMC_90wt_2000bar_115.tif": 2}
"""Files of which the first sample is the image, and the axis of the samples."""


def test_every_tiff_opens_right_or_is_refused(shared_data: Path) -> None:
    paths = sorted([*shared_data.rglob("*.tif"), *shared_data.rglob("*.tiff")])
    assert len(paths) > 40
    for path in paths:
        if path.name in COLOUR:
            with pytest.raises(FileError, match=path.name):
                read(path)
            continue
        expected = tifffile.imread(path)
        if path.name in FIRST_SAMPLE:
            expected = expected.take(0, axis=FIRST_SAMPLE[path.name])
        series = read(path)
        values = np.asarray(series.data)
        assert values.dtype == expected.dtype.newbyteorder("="), path
        assert values.shape[3:] == expected.shape[-2:], path
        assert np.array_equal(values.ravel(), expected.ravel()), path
        assert describe(series).facts


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("dvc_rock/reference_u8.tif", (1, 1, 180, 240, 240)),
        ("casting_sand/ct_z1-150_y96-415_x96-415_u8.tif", (1, 1, 150, 320, 320)),
        ("cylindrical_cell/cell_vol_z60-99_y60-699_x60-679_u8.tif", (1, 1, 40, 640, 620)),
    ],
)
def test_volumes(shared_data: Path, name: str, shape: tuple[int, ...]) -> None:
    assert read(shared_data / name).data.shape == shape


def test_a_pair_of_scans_is_a_series(shared_data: Path) -> None:
    folder = shared_data / "dvc_rock"
    series = read([folder / "reference_u8.tif", folder / "deformed_u8.tif"])
    assert series.data.shape == (2, 1, 180, 240, 240)
    # The solid is half as bright in the second scan.
    bright = [np.percentile(series.data[t, 0, 90], 75) for t in range(2)]
    assert bright[0] > 1.5 * bright[1]


REFUSED = {
    "sample_ovule.h5": "label.*raw.*name one",
    "tiff_FEI_Helios.zip": "unpack it first",
    "simple_0.5.zip": "unpack it first",
    "PROVENANCE.md": "no format",
    "COPYRIGHT.txt": "no format",
}
OTHERS = (
    ".h5",
    ".hdf5",
    ".nxs",
    ".mha",
    ".mhd",
    ".raw",
    ".gz",
    ".txrm",
    ".xrm",
    ".zip",
    ".md",
    ".txt",
)


def test_everything_else_opens_or_is_refused(shared_data: Path) -> None:
    folders = (shared_data / name for name in ("formats", "instances_3d", "xanes_txm"))
    paths = [
        p for f in folders for p in f.rglob("*") if p.suffix in OTHERS and ".zarr" not in str(p)
    ]
    assert len(paths) > 15
    for path in paths:
        if path.name in REFUSED:
            with pytest.raises(FileError, match=REFUSED[path.name]):
                read(path)
        elif path.suffix not in (".md", ".txt"):
            series = read(path)
            assert np.asarray(series.data[0, 0]).shape == series.volume_shape
            assert describe(series).facts


def test_metaimage_has_the_voxels_of_its_zlib_stream(shared_data: Path) -> None:
    import zlib

    path = shared_data / "formats" / "meta" / "3DCT_lung_baseline_small.mha"
    packed = path.read_bytes().partition(b"ElementDataFile = LOCAL\n")[2]
    expected = np.frombuffer(zlib.decompress(packed), "<i2").reshape(64, 78, 57)
    series = read(path)
    assert np.array_equal(np.asarray(series.data[0, 0]), expected)
    assert series.voxel_size == pytest.approx((5000, 2732, 2732))
    assert "millimetres" in " ".join(describe(series).facts)


def test_nifti_has_the_voxels_that_nibabel_reads(shared_data: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    path = shared_data / "formats" / "nifti" / "standard.nii.gz"
    expected = np.asarray(nibabel.load(path).dataobj)
    assert np.array_equal(np.asarray(read(path).data[0, 0]), expected.T)


def test_zeiss_has_the_voxels_of_its_streams(shared_data: Path) -> None:
    import olefile

    path = shared_data / "formats" / "xradia" / "txrm_test_chip_tomo.txrm"
    with olefile.OleFileIO(path) as ole:
        streams = [ole.openstream(f"ImageData1/Image{n}").read() for n in range(1, 8)]
    expected = np.frombuffer(b"".join(streams), "<u2").reshape(7, 256, 256)
    series = read(path)
    assert np.array_equal(np.asarray(series.data[0, 0]), expected)
    assert any("projections" in warning for warning in describe(series).warnings)


def test_zeiss_images_of_one_run_know_their_times(shared_data: Path) -> None:
    folder = shared_data / "xanes_txm"
    names = ("rep01_000051_ref_20161456", "rep01_000351_ref_20161456")
    paths = [next(folder.glob(f"{name}*.xrm")) for name in names]
    series = read(paths)
    # 15:03:16 and 15:31:31
    assert series.times == pytest.approx((0, (28 * 60 + 15) / 3600))
    assert series.voxel_size == pytest.approx((0.0312,) * 3, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "dataset", "shape"),
    [
        ("formats/hdf5/dxchange_tooth.h5", "exchange/data", (1, 1, 181, 2, 640)),
        ("formats/hdf5/savu_flat_field.h5", "1-NoProcessPlugin-tomo/data", (1, 1, 20, 10, 192)),
        ("formats/hdf5/nxstxm_sls_pollux_stack.hdf5", "entry1/counter0/data", (1, 4, 1, 50, 50)),
        ("instances_3d/sample_ovule.h5", "raw", (1, 1, 32, 128, 128)),
    ],
)
def test_hdf5_has_the_voxels_that_h5py_reads(
    shared_data: Path, name: str, dataset: str, shape: tuple[int, ...]
) -> None:
    import h5py

    path = shared_data / name
    series = read(path, dataset="raw" if dataset == "raw" else None)
    with h5py.File(path) as file:
        expected = file[dataset][()]
    assert series.metadata[0]["dataset"] == dataset
    assert series.data.shape == shape
    assert np.array_equal(np.asarray(series.data).ravel(), expected.ravel())


def test_ovule_knows_its_voxel_size(shared_data: Path) -> None:
    series = read(shared_data / "instances_3d" / "sample_ovule.h5", dataset="raw")
    assert series.voxel_size == pytest.approx((0.235, 0.15, 0.15))


def test_zarr_arrays_of_every_type_and_codec(shared_data: Path) -> None:
    zarr = pytest.importorskip("zarr")
    read_ones = 0
    for group in ("zarr_v2_many_dtypes.zarr", "zarr_v3_many_codecs.zarr"):
        for path in sorted((shared_data / "formats" / group).glob("[23]d*")):
            try:
                expected = np.asarray(zarr.open_array(store=str(path), mode="r"))
            except (ValueError, TypeError, KeyError):
                expected = None
            if expected is None or expected.dtype.kind not in "biuf":
                with pytest.raises(FileError):
                    read(path)
                continue
            assert np.array_equal(np.asarray(read(path).data).ravel(), expected.ravel()), path
            read_ones += 1
    assert read_ones > 15


def test_ome_zarr_of_every_version(shared_data: Path) -> None:
    folder = shared_data / "formats" / "ome_zarr"
    nested = read(folder / "simple_0.5")
    assert np.asarray(nested.data).size > 0
    for path in sorted((folder / "all_0.6").rglob("*.zarr")):
        series = read(path)
        assert np.asarray(series.data).any(), path
