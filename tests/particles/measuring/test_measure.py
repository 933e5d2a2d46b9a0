from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.data import PARTICLE_COLUMNS
from operando.errors import Cancelled, InputError
from operando.particles import measure

if TYPE_CHECKING:
    from operando.compute import Progress

NAMES = [c.name for c in PARTICLE_COLUMNS]
PLACES = ("z_um", "y_um", "x_um", "depth_um")


@pytest.fixture
def ids(make_ellipsoid):
    out = np.zeros((40, 64, 50), np.int32)
    out[make_ellipsoid(out.shape, (19.3, 20.1, 22.4), (12, 12, 12))] = 3
    out[make_ellipsoid(out.shape, (20.3, 50.2, 30.4), (6, 9, 12))] = 7
    return out


def test_spheres_and_ellipsoids(ids) -> None:
    table = measure(ids, spacing=(0.5, 0.5, 0.5), frame=2, time_h=1.5)
    assert list(table.columns) == NAMES
    assert table["particle"].tolist() == [3, 7]
    assert (table["frame"] == 2).all()
    assert (table["time_h"] == 1.5).all()
    sphere, ellipsoid = table.to_dict("records")
    assert sphere["volume_um3"] == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.01)
    assert sphere["diameter_um"] == pytest.approx(12, rel=0.005)
    assert sphere["surface_um2"] == pytest.approx(4 * np.pi * 6**2, rel=0.02)
    assert sphere["sphericity"] == pytest.approx(1, abs=0.01)
    assert (sphere["z_um"], sphere["y_um"], sphere["x_um"]) == pytest.approx(
        (9.65, 10.05, 11.2), abs=0.02
    )
    assert ellipsoid["volume_um3"] == pytest.approx(4 / 3 * np.pi * 3 * 4.5 * 6, rel=0.01)
    # Thomsen's formula for the area of an ellipsoid is good to 1.1 %.
    p = 1.6075
    mean = ((3 * 4.5) ** p + (3 * 6) ** p + (4.5 * 6) ** p) / 3
    assert ellipsoid["surface_um2"] == pytest.approx(4 * np.pi * mean ** (1 / p), rel=0.03)
    assert not table["on_edge"].any()
    assert table[["mean_intensity", "crack_fraction"]].isna().all(axis=None)
    assert sphere["roughness"] == pytest.approx(1, abs=0.03)
    assert sphere["solidity"] == pytest.approx(1, abs=0.03)
    assert ellipsoid["elongation"] == pytest.approx(2, rel=0.02)
    assert ellipsoid["tilt_deg"] == pytest.approx(90, abs=1)


def test_cracks_and_grey_values(ids, make_slab) -> None:
    phases = np.where(ids > 0, 3, 1).astype(np.uint8)
    crack = make_slab(ids.shape, (0, 0, 1), (0, 0, 22), 3) & (ids == 3)
    phases[crack] = 1
    image = np.where(phases == 3, 100.0, 10.0) + 20 * (ids == 7)
    table = measure(ids, phases=phases, phase=3, image=image)
    assert table["crack_fraction"].tolist() == pytest.approx(
        [crack.sum() / (ids == 3).sum(), 0], abs=1e-12
    )
    assert table["mean_intensity"].tolist() == pytest.approx([100, 120])
    assert table["volume_um3"].tolist() == measure(ids)["volume_um3"].tolist()


def test_missing_grey_values_are_left_out(ids) -> None:
    image = np.full(ids.shape, 5.0)
    image[:20] = np.nan
    assert measure(ids, image=image)["mean_intensity"].tolist() == [5, 5]


def test_the_phase_of_particles_is_that_of_most_of_their_voxels(ids) -> None:
    phases = np.where(ids > 0, 4, np.where(np.arange(64)[:, None] < 30, 1, 2)).astype(np.uint8)
    phases[18:20] = 1
    pd.testing.assert_frame_equal(measure(ids, phases=phases), measure(ids, phases=phases, phase=4))
    assert measure(ids * 0, phases=phases).empty


def test_ids_may_be_any_numbers(ids) -> None:
    largest = np.iinfo(np.int32).max
    table = measure(np.where(ids == 7, largest, ids))
    assert table["particle"].tolist() == [3, largest]
    pd.testing.assert_frame_equal(table.assign(particle=[3, 7]), measure(ids))
    assert measure(np.where(ids == 7, largest, ids), only=[largest])["particle"].item() == largest


def test_a_particle_that_fills_the_image() -> None:
    table = measure(np.ones((5, 6, 7), np.uint8), image=np.full((5, 6, 7), 3.0))
    assert table["volume_um3"].item() == 210
    assert table["surface_um2"].item() == 0
    assert table["mean_intensity"].item() == 3


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
def test_transposing_the_axes_changes_nothing(ids, order) -> None:
    spacing = (0.5, 1.0, 2.0)
    turned = measure(ids.transpose(order), spacing=tuple(spacing[k] for k in order))
    table = measure(ids, spacing=spacing)
    directed = ("tilt_deg", "azimuth_deg", "packing")
    same = [n for n in NAMES if n not in (*PLACES, *directed)]
    # Hulls are sought in a finite number of directions.
    np.testing.assert_allclose(turned[same].astype(float), table[same].astype(float), rtol=0.01)
    exact = ["volume_um3", "axis_long_um", "axis_short_um", "cut_um2", "nearest_um"]
    np.testing.assert_allclose(turned[exact], table[exact], rtol=1e-9)
    np.testing.assert_allclose(turned["surface_um2"], table["surface_um2"], rtol=1e-5)
    centroid = table[["z_um", "y_um", "x_um"]].to_numpy()
    np.testing.assert_allclose(turned[["z_um", "y_um", "x_um"]], centroid[:, order])


def test_twice_the_voxel_size_is_eight_times_the_volume(ids) -> None:
    one, two = measure(ids), measure(ids, spacing=(2, 2, 2))
    np.testing.assert_allclose(two["volume_um3"], 8 * one["volume_um3"])
    np.testing.assert_allclose(two["surface_um2"], 4 * one["surface_um2"], rtol=1e-6)
    np.testing.assert_allclose(two["sphericity"], one["sphericity"], rtol=1e-6)


def test_the_image_border(ids) -> None:
    cut = measure(ids[:, :, 22:]).iloc[0]
    assert cut["on_edge"]
    # A spherical cap from 0.9 voxel before the centre on: the border lies at 21.5.
    height, flat = 12 + 0.9, np.pi * (12**2 - 0.9**2)
    assert cut["surface_um2"] == pytest.approx(2 * np.pi * 12 * height, rel=0.02)
    volume = np.pi * height**2 * (12 - height / 3)
    assert cut["volume_um3"] == pytest.approx(volume, rel=0.01)
    closed = 2 * np.pi * 12 * height + flat
    expected = np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / closed
    assert cut["sphericity"] == pytest.approx(expected, rel=0.02)


def test_padding_changes_only_places(ids) -> None:
    padded = measure(np.pad(ids, 5))
    same = [n for n in NAMES if n not in (*PLACES, "packing")]
    np.testing.assert_allclose(
        padded[same].astype(float), measure(ids)[same].astype(float), rtol=1e-6
    )
    assert padded["z_um"].tolist() == pytest.approx((measure(ids)["z_um"] + 5).tolist())


def test_nothing_gives_an_empty_table_with_all_columns() -> None:
    table = measure(np.zeros((4, 5, 6), np.int32))
    assert list(table.columns) == NAMES
    assert len(table) == 0
    assert table["on_edge"].dtype == bool


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ids": np.zeros((4, 4), np.int32)}, "shape"),
        ({"ids": np.full((4, 4, 4), np.nan)}, "float64"),
        ({"ids": np.full((4, 4, 4), -1)}, "-1"),
        ({"phases": np.zeros((4, 4, 5), bool)}, "(4, 4, 5)"),
        ({"phases": np.full((4, 4, 4), 2.5)}, "float64"),
        ({"probabilities": np.ones((2, 4, 4, 5))}, "(2, 4, 4, 5)"),
        ({"image": np.zeros((4, 4, 4), complex)}, "complex"),
        ({"spacing": (1, 0, 1)}, "voxel size"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, words) -> None:
    good = {"ids": np.ones((4, 4, 4), np.int32)}
    arguments = good | changes
    with pytest.raises(InputError, match=words.replace("(", r"\(").replace(")", r"\)")):
        measure(arguments.pop("ids"), **arguments)


def test_progress_and_cancel(ids) -> None:
    seen: list[Progress] = []
    measure(ids, progress=seen.append)
    assert (seen[-1].done, seen[-1].total) == (2, 2)

    def stop(_: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        measure(ids, progress=stop)


def test_depth_is_taken_from_the_surface_not_from_what_was_not_imaged(make_ellipsoid) -> None:
    """Half a ball with a crack in its middle, cut by the image border or by what is missing."""
    ball = make_ellipsoid((40, 40, 40), (20, 20, 20), (15, 15, 15))
    phases = np.where(ball, 3, 2).astype(np.uint8)
    phases[20:23, 12:29, 12:29] = 1
    image = np.where(phases == 3, 10.0, 5.0) + np.indices(ball.shape)[1] / 10
    half = slice(20, None)
    cropped = measure(ball[half].astype(np.uint8), phases=phases[half], phase=3, image=image[half])
    for missing in (ball, phases):
        missing[:20] = 0
    image[:20] = np.nan
    found = measure(ball.astype(np.uint8), phases=phases, phase=3, image=image)
    columns = ["crack_core", "crack_middle", "crack_shell", "grey_core", "grey_shell"]
    np.testing.assert_allclose(found[columns], cropped[columns], rtol=1e-6)
    assert found["crack_core"].item() > 0.3
    assert found["path_ratio"].item() == pytest.approx(cropped["path_ratio"].item(), rel=1e-6)


@pytest.mark.parametrize("fill", [np.nan, 0.0])
def test_what_was_not_imaged_cuts_like_the_image_border(ids, fill) -> None:
    """The same frame, cropped or not imaged from a slice on."""
    image = np.full(ids.shape, 7.0, np.float32)
    seen = ids.copy()
    seen[:, :, 24:] = 0
    image[:, :, 24:] = fill
    cropped = measure(ids[:, :, :24], image=image[:, :, :24]).set_index("particle")
    found = measure(seen, image=image).set_index("particle")
    unseen = np.isnan(fill)
    assert found["on_edge"].tolist() == [unseen, unseen]
    assert found["volume_um3"].tolist() == cropped["volume_um3"].tolist()
    if unseen:
        assert found["cut_um2"].tolist() == cropped["cut_um2"].tolist()
        columns = ["surface_um2", "sphericity"]
        np.testing.assert_allclose(found[columns], cropped[columns], rtol=1e-6)


@pytest.mark.parametrize("diameter", [1.5, 3, 4.4, 5.5, 8])
def test_a_hull_of_few_voxels_tells_nothing(make_ellipsoid, diameter) -> None:
    """Balls are smooth and round, or nothing is known about it."""
    rng = np.random.default_rng(0)
    for centre in rng.uniform(7.5, 8.5, (5, 3)):
        ball = make_ellipsoid((17, 17, 17), tuple(centre), (diameter / 2,) * 3)
        row = measure(ball.astype(np.int32)).iloc[0]
        hull = row[["roughness", "solidity", "feret_min_um"]].astype(float)
        if ball.sum() < 60:
            assert hull.isna().all()
        else:
            np.testing.assert_allclose(hull[["roughness", "solidity"]], 1, atol=0.12)
            assert hull["feret_min_um"] == pytest.approx(diameter, abs=1.1)
        assert row["feret_max_um"] == pytest.approx(diameter, abs=1)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_single_slice_tells_what_lies_in_it(make_ellipsoid, axis) -> None:
    solid = make_ellipsoid((1, 60, 60), (0.5, 30, 30), (50, 12, 24))
    table = measure(np.moveaxis(solid, 0, axis).astype(np.int32))
    row = table.iloc[0]
    assert not row["on_edge"]
    assert row["cut_um2"] == 0
    assert row["elongation"] == pytest.approx(2, rel=0.02)
    spatial = ["sphericity", "roughness", "feret_min_um", "axis_short_um", "tilt_deg"]
    assert row[spatial].isna().all()
    assert row["feret_max_um"] == pytest.approx(48, rel=0.03)
    assert row["solidity"] == pytest.approx(1, abs=0.03)
    cut = measure(np.moveaxis(solid[:, :, :30], 0, axis).astype(np.int32))
    assert cut["on_edge"].item()
