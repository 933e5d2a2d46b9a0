from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
import tifffile

from operando.data import DEFAULT_CLASSES
from operando.errors import Cancelled, FileError
from operando.samples import ElectrodeSettings, make_electrode, write_sample

SMALL = ElectrodeSettings(shape=(12, 32, 36), frames=3, voxel_size=(0.2, 0.1, 0.1), hours=0.5)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample") / "out", seed=7, settings=SMALL)


@pytest.fixture(scope="module")
def made():
    return make_electrode(SMALL, 7)


def test_images_and_truth_are_those_of_the_electrode(sample, made):
    for t in range(3):
        image = tifffile.imread(sample / f"images/frame_{t:03d}.tif")
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image * np.uint16(256), made.images[t])
    np.testing.assert_array_equal(tifffile.imread(sample / "truth/phases.tif"), made.phases)
    np.testing.assert_array_equal(tifffile.imread(sample / "truth/ids.tif"), made.ids)
    material = made.phases[0] != 1
    for t in (1, 2):
        stored = np.load(sample / f"truth/displacement_000_to_{t:03d}.npz")["displacement"]
        error = np.abs(stored - made.displacement(t))[:, material]
        assert error.max() <= 1 / 128 + 1e-6
        assert np.all(stored[:, ~material] == 0)


def test_strokes_lie_on_their_class(sample, made):
    strokes = tifffile.imread(sample / "strokes.tif")
    assert strokes.shape == made.phases.shape
    painted = strokes > 0
    np.testing.assert_array_equal(strokes[painted], made.phases[painted])
    assert set(np.argwhere(painted)[:, 0]) == {0, 2}
    classes = json.loads((sample / "classes.json").read_text())["classes"]
    expected = [
        {"label": k, "name": c.name, "colour": c.colour} for k, c in enumerate(DEFAULT_CLASSES, 1)
    ]
    assert classes == expected


def test_the_voxel_size_is_in_the_files(sample):
    with tifffile.TiffFile(sample / "images/frame_001.tif") as tif:
        assert tif.imagej_metadata["spacing"] == 0.2
        assert tif.imagej_metadata["unit"] == "um"
        count, length = tif.pages[0].tags["XResolution"].value
        assert count / length == pytest.approx(10)
        assert tif.series[0].axes == "ZYX"
    with tifffile.TiffFile(sample / "strokes.tif") as tif:
        assert tif.series[0].axes == "TZYX"


def test_tables_fit_the_frames(sample, made):
    times = pd.read_csv(sample / "times.csv")
    assert times.time_h.tolist() == [0, 0.5, 1]
    assert all((sample / name).is_file() for name in times.file)
    cycling = pd.read_csv(sample / "cycling.csv")
    assert cycling.time_h.iloc[-1] == 1
    particles = pd.read_csv(sample / "truth/particles.csv")
    pd.testing.assert_frame_equal(particles, made.table, atol=1e-4, check_dtype=False)


def test_the_readme_names_every_file(sample):
    text = (sample / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    found = {p for pattern in named for p in sample.glob(pattern)}
    assert found == {p for p in sample.rglob("*") if p.is_file()} - {sample / "README.md"}


def test_a_folder_with_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileError, match="not an empty folder"):
        write_sample(tmp_path, settings=SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path):
    write_sample(tmp_path / "a/b", settings=SMALL.with_(frames=1))
    assert (tmp_path / "a/b/README.md").is_file()
    (tmp_path / "empty").mkdir()
    write_sample(tmp_path / "empty", settings=SMALL.with_(frames=1))
    assert (tmp_path / "empty/images/frame_000.tif").is_file()


def test_cancelling_leaves_nothing(tmp_path):
    def stop(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        write_sample(tmp_path / "out", settings=SMALL, progress=stop)
    assert not list(tmp_path.iterdir())
