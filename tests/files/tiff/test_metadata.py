from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.files import read
from operando.files.tiff.metadata import imagej_calibration, ome_calibration

if TYPE_CHECKING:
    from pathlib import Path

OME = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
<Pixels {attributes}>{content}</Pixels></Image></OME>"""


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("um", (2, 0.2, 0.1)),
        ("micron", (2, 0.2, 0.1)),
        ("\\u00B5m", (2, 0.2, 0.1)),
        ("nm", (0.002, 0.0002, 0.0001)),
        ("mm", (2000, 200, 100)),
        ("pixel", None),
        ("", None),
        (None, None),
    ],
)
def test_imagej_units(unit: str | None, expected: tuple[float, ...] | None) -> None:
    found = imagej_calibration({"unit": unit, "spacing": 2.0}, (10, 5), 1, 4)
    assert found.get("voxel_size") == (pytest.approx(expected) if expected else None)


def test_imagej_axes_with_units_of_their_own() -> None:
    known = {"unit": "mm", "yunit": "um", "zunit": "nm", "spacing": 500.0}
    found = imagej_calibration(known, (1000, 2), 1, 4)
    assert found["voxel_size"] == pytest.approx((0.5, 0.5, 1))


def test_imagej_without_spacing() -> None:
    volume = imagej_calibration({"unit": "um"}, (10, 10), 1, 4)
    assert volume["voxel_size"] == pytest.approx((1, 0.1, 0.1))
    image = imagej_calibration({"unit": "um"}, (10, 10), 1, 1)
    assert image["voxel_size"] == pytest.approx((0.1, 0.1, 0.1))


@pytest.mark.parametrize("resolution", [(0, 1), (np.inf, 1), (np.nan, 1)])
def test_imagej_resolutions_that_make_no_sense(resolution: tuple[float, float]) -> None:
    assert not imagej_calibration({"unit": "um"}, resolution, 1, 1).get("voxel_size")


def test_imagej_frame_interval() -> None:
    found = imagej_calibration({"finterval": 90.0}, (1, 1), 3, 1)
    assert found["times"] == pytest.approx((0, 0.025, 0.05))
    minutes = imagej_calibration({"finterval": 30.0, "tunit": "min"}, (1, 1), 3, 1)
    assert minutes["times"] == pytest.approx((0, 0.5, 1))
    assert "times" not in imagej_calibration({"finterval": 0}, (1, 1), 3, 1)
    assert "times" not in imagej_calibration({"finterval": 9}, (1, 1), 1, 1)


def test_ome_sizes_and_units() -> None:
    xml = OME.format(
        attributes='PhysicalSizeX="100" PhysicalSizeXUnit="nm" PhysicalSizeY="0.2" '
        'PhysicalSizeZ="0.003" PhysicalSizeZUnit="mm"',
        content='<Channel ID="0" Name="absorption"/><Channel ID="1" Name="phase"/>',
    )
    found = ome_calibration(xml, 1, 5)
    assert found["voxel_size"] == pytest.approx((3, 0.2, 0.1))
    assert found["channels"] == ("absorption", "phase")


def test_ome_without_the_distance_of_slices() -> None:
    xml = OME.format(attributes='PhysicalSizeX="2" PhysicalSizeY="2"', content="")
    assert ome_calibration(xml, 1, 5)["voxel_size"] is None
    assert ome_calibration(xml, 1, 1)["voxel_size"] == (2, 2, 2)


def test_ome_times_of_planes_come_before_the_step() -> None:
    planes = "".join(
        f'<Plane TheT="{t}" TheZ="{z}" DeltaT="{60 * t * t + z + 5}" DeltaTUnit="s"/>'
        for t in range(3)
        for z in range(2)
    )
    step = 'TimeIncrement="2" TimeIncrementUnit="min"'
    found = ome_calibration(OME.format(attributes=step, content=planes), 3, 2)
    assert found["times"] == pytest.approx((0, 1 / 60, 4 / 60))
    without = ome_calibration(OME.format(attributes=step, content=""), 3, 2)
    assert without["times"] == pytest.approx((0, 2 / 60, 4 / 60))


@pytest.mark.parametrize(
    "xml", ["", "<OME", "<OME/>", OME.format(attributes='SizeX="x"', content="")]
)
def test_ome_text_that_makes_no_sense(xml: str) -> None:
    assert not any(ome_calibration(xml, 3, 2).values())


@pytest.mark.parametrize("unit", ["INCH", "CENTIMETER", "NONE"])
def test_plain_resolution_is_no_voxel_size(tmp_path: Path, unit: str) -> None:
    image = np.zeros((5, 6, 7), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", image, resolution=(72, 72), resolutionunit=unit)
    assert read(tmp_path / "a.tif").voxel_size is None


def test_frames_with_other_calibration_keep_theirs(tmp_path: Path) -> None:
    image = np.zeros((5, 6, 7), np.uint8)
    for t, unit in enumerate(["um", "nm"]):
        tifffile.imwrite(
            tmp_path / f"{t}.tif", image, imagej=True, resolution=(2, 2), compression="zlib",
            metadata={"axes": "ZYX", "unit": unit, "spacing": 1.0},
        )  # fmt: skip
    series = read(tmp_path)
    assert series.voxel_size == pytest.approx((1, 0.5, 0.5))
    assert series.metadata[1]["voxel_size"] == pytest.approx((1e-3, 5e-4, 5e-4))


def test_a_real_imagej_stack(shared_data: Path) -> None:
    path = shared_data / "formats/rosettasciio/test_loading_image_saved_with_imageJ_stack.tif"
    assert read(path).voxel_size == pytest.approx((2.5, 0.168675, 0.168675), abs=1e-6)
