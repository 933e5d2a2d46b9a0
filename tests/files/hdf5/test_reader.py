from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from operando.errors import FileError
from operando.files import read
from operando.files.hdf5.probe import first_that_crashes
from operando.files.hdf5.reader import list_datasets

if TYPE_CHECKING:
    from pathlib import Path

RAMP = np.arange(2 * 3 * 4 * 5, dtype=np.uint16)


def test_several_images_are_listed_and_one_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["scan/raw"] = RAMP.reshape(6, 4, 5)
        file["scan/labels"] = RAMP.reshape(6, 4, 5) + 1
        file["scan/other"] = RAMP
    with pytest.raises(FileError, match=r"2 data sets .*scan/labels: 6 × 4 × 5 uint16.*scan/raw"):
        read(path)
    series = read(path, dataset="scan/raw")
    assert np.array_equal(np.asarray(series.data[0, 0]), RAMP.reshape(6, 4, 5))
    assert [found.name for found in list_datasets(path)] == ["scan/labels", "scan/raw"]
    with pytest.raises(FileError, match="holds no image"):
        read(path, dataset="scan/lost")


def test_links_to_one_data_set_are_no_choice(tmp_path: Path) -> None:
    path = tmp_path / "a.nxs"
    with h5py.File(path, "w") as file:
        file["entry/instrument/detector/data"] = RAMP.reshape(6, 4, 5)
        file["entry/data/data"] = file["entry/instrument/detector/data"]
        file["entry/loop"] = h5py.SoftLink("/entry")
        file["entry/lost"] = h5py.SoftLink("/nowhere")
        file["entry/elsewhere"] = h5py.ExternalLink("gone.h5", "/data")
    assert read(path).data.shape == (1, 1, 6, 4, 5)


def test_nexus_default_wins_and_gives_times(tmp_path: Path) -> None:
    path = tmp_path / "a.nxs"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "recon"})
        entry["dark/data"] = np.zeros((9, 9, 9))
        data = entry.create_group("recon")
        data.attrs.update({"NX_class": "NXdata", "signal": "grey"})
        data.attrs["axes"] = ["time", "z", "y", "x"]
        data["grey"] = RAMP.reshape(2, 3, 4, 5)
        data["time"] = [0.0, 7200.0]
        data["time"].attrs["units"] = "s"
        for axis, n in zip("zyx", (3, 4, 5), strict=True):
            data[axis] = np.arange(n) * 325.0
            data[axis].attrs["units"] = "nm"
    series = read(path)
    assert series.data.shape == (2, 1, 3, 4, 5)
    assert series.times == (0.0, 2.0)
    assert series.voxel_size == pytest.approx((0.325,) * 3)


def test_dxchange_data_are_told_from_flats(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["exchange/data"] = RAMP.reshape(6, 4, 5)
        file["exchange/data_white"] = np.zeros((2, 4, 5))
        file["exchange/theta"] = np.arange(6)
    series = read(path)
    assert series.data.shape == (1, 1, 6, 4, 5)
    assert "projections" in series.metadata[0]["notes"][0]


def test_only_chunks_that_are_shown_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "a", (6, 512, 600), "u2", chunks=(1, 512, 600), compression="gzip"
        )
        for z in range(6):
            data[z] = z
        offset = data.id.get_chunk_info(4).byte_offset
    content = bytearray(path.read_bytes())
    content[offset : offset + 4] = b"\xff" * 4
    path.write_bytes(content)
    series = read(path).data[0, 0]
    assert int(series[2, 0, 0]) == 2
    with pytest.raises(FileError, match="damaged"):
        np.asarray(series[4])


def test_a_file_that_crashes_its_reader_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = subprocess.run

    def crash(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        code = "import os; print(0, flush=True); os.abort()"
        return run([sys.executable, "-c", code], **options)

    monkeypatch.setattr(subprocess, "run", crash)
    paths = [tmp_path / "good.h5", tmp_path / "bad.h5", tmp_path / "not_reached.h5"]
    assert first_that_crashes(paths) == paths[1]


def _virtual(path: Path, *names: str) -> None:
    layout = h5py.VirtualLayout((len(names), 4, 5), "u2")
    for k, name in enumerate(names):
        layout[k] = h5py.VirtualSource(name, "a", (4, 5))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("whole", layout)


def test_parts_of_a_virtual_data_set_that_are_not_there_are_no_zeros(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["a"] = RAMP[:20].reshape(4, 5) + 1
    _virtual(tmp_path / "master.h5", "one.h5", "two.h5")
    with pytest.raises(FileError, match=r"from 2 files, of which 1 cannot be found \(two\.h5\)"):
        read(tmp_path / "master.h5")
    _virtual(tmp_path / "moved.h5", "/beamline/one.h5", "one.h5")
    assert np.asarray(read(tmp_path / "moved.h5").data).min() > 0


def test_blocks_that_were_never_written_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("a", (6, 4, 5), "u2", chunks=(2, 4, 5))
        data[:2] = 7
    (note,) = read(path).metadata[0]["notes"]
    assert note == "2 of 3 blocks were never written and read as 0"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", (6, 4, 5), "u2")
    assert read(path).metadata[0]["notes"] == ("its voxels were never written",)
    with h5py.File(path, "w") as file:
        file["a"] = RAMP.reshape(6, 4, 5)
    assert read(path).metadata[0]["notes"] == ()
