from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from operando.align import AlignSettings, Transform, align, make_pyramid, register, resampled
from operando.data import Series
from operando.errors import InputError

SHIFTS = np.array([(0, 0, 0), (0.6, -2.3, 1.4), (1.2, -4.4, 3.1)])


@pytest.fixture(scope="module")
def drifting(blobs):
    frames = [
        blobs.render(shift=s, noise=3, gain=1 - 0.1 * t, seed=t) for t, s in enumerate(SHIFTS)
    ]
    return Series(data=da.from_array(np.stack(frames)[:, None]), voxel_size=(0.5, 0.5, 0.5))


@pytest.mark.parametrize("reference", ["first", "previous", "mean"])
def test_the_drift_is_found_in_micrometres(drifting, reference):
    found = align(drifting, AlignSettings(reference=reference)).table
    shifts = found[[f"shift_{k}_um" for k in "zyx"]].to_numpy()
    np.testing.assert_allclose(shifts, 0.5 * SHIFTS, atol=0.5 * 0.05)
    assert (found["rotation_deg"] < 0.02).all()
    assert (found["length_change_percent"].abs() < 0.05).all()


def test_aligned_frames_lie_on_each_other(drifting):
    moved = resampled(drifting, align(drifting).transforms)
    still, last = moved.frame(0)[8:-8, 8:-8, 8:-8], moved.frame(2)[8:-8, 8:-8, 8:-8]
    before = np.corrcoef(still.ravel(), drifting.frame(2)[8:-8, 8:-8, 8:-8].ravel())[0, 1]
    after = np.corrcoef(still.ravel(), last.ravel())[0, 1]
    assert before < 0.7
    assert after > 0.95


def test_what_no_frame_saw_is_nan(drifting):
    """Three voxels in from one side along x, two and a half from the other along z."""
    transform = Transform.from_linear(np.eye(3), (-1.25, 0, 1.5), (0, 0, 0))
    whole = np.isnan(resampled(drifting, [transform] * 3).frame(1))
    expected = np.zeros(whole.shape, bool)
    expected[:2], expected[:, :, -3:] = True, True
    np.testing.assert_array_equal(whole, expected)
    again = drifting.data.astype(np.float32)
    again[:, :, 20, 20, 20] = np.nan
    holed = resampled(Series(data=again, voxel_size=(0.5, 0.5, 0.5)), [transform] * 3).frame(1)
    more = np.argwhere(np.isnan(holed) & ~whole)
    assert np.abs(more - (22.5, 20, 17)).max() <= 1
    assert len(more) >= 2


def test_frames_that_do_not_move_are_left_alone(drifting):
    still = resampled(drifting, [Transform.identity()] * 3)
    assert still.data.dtype == drifting.data.dtype
    np.testing.assert_array_equal(still.frame(2), drifting.frame(2))


def test_a_box_of_a_moved_series_is_that_of_the_whole(drifting):
    transform = Transform.from_linear(np.eye(3), (0.2, 0.4, -0.7), (0, 0, 0))
    moved = resampled(drifting, [transform] * 3)
    whole = moved.frame(1)
    part = np.asarray(moved.data[1, 0, 10:20, 20:30, 30:40])
    np.testing.assert_allclose(part, whole[10:20, 20:30, 30:40], atol=0.05)


def test_a_change_of_voxel_size_is_reported_even_if_rigid(blobs):
    moved = blobs.render(1.003 * np.eye(3), noise=3)
    data = da.from_array(np.stack([blobs.render(noise=3, seed=1), moved])[:, None])
    table = align(Series(data=data, voxel_size=(1, 1, 1))).table
    assert table["length_change_percent"][1] == pytest.approx(0.3, abs=0.03)


def test_a_region_that_stands_still_decides(blobs):
    """Half of the volume moves by itself."""
    second = blobs.render(shift=(0, 2, 2), noise=3, seed=2)
    second[:, :, :32] = blobs.render(noise=3, seed=3)[:, :, :32]
    data = da.from_array(np.stack([blobs.render(noise=3, seed=1), second])[:, None])
    settings = AlignSettings(motion="shift", x=(0, 30))
    found = align(Series(data=data, voxel_size=(1, 1, 1)), settings).transforms[1]
    np.testing.assert_allclose(found.shift_at((0, 0, 0)), 0, atol=0.05)


@pytest.mark.parametrize("region", [{"z": (5, 90)}, {"y": (30, 20)}, {"x": (0, 3)}])
def test_a_region_that_does_not_fit_is_refused(drifting, region):
    with pytest.raises(InputError, match="The region"):
        align(drifting, AlignSettings(**region))


def test_one_frame_is_refused(drifting):
    single = Series(data=drifting.data[:1], voxel_size=(1, 1, 1))
    with pytest.raises(InputError, match="needs two frames"):
        align(single)


@pytest.mark.parametrize(("motion", "outside"), [("shift", 0), ("rigid", np.nan)])
def test_a_circle_that_stays_where_it_is_does_not_hold_the_sample(blobs, motion, outside):
    """A reconstructed circle is the same in every frame, however the sample in it moved."""
    _, y, x = blobs.shape
    rows, columns = np.ogrid[:y, :x]
    circle = np.hypot(rows - (y - 1) / 2, columns - (x - 1) / 2) < y / 2 - 3
    frames = [np.where(circle, blobs.render(shift=s, offset=400), outside) for s in SHIFTS[:2]]
    series = Series(data=da.from_array(np.stack(frames)[:, None]), voxel_size=(1, 1, 1))
    found = align(series, AlignSettings(motion=motion)).table
    shifts = found[[f"shift_{k}_um" for k in "zyx"]].to_numpy()
    np.testing.assert_allclose(shifts, SHIFTS[:2], atol=0.05)


def test_the_even_background_of_particles_counts(blobs):
    """It is another shape in every slice, so it is no margin: its border tells the motion."""
    frames = [(blobs.render(shift=s) > 60).astype(np.uint8) for s in SHIFTS[:2]]
    series = Series(data=da.from_array(np.stack(frames)[:, None]), voxel_size=(1, 1, 1))
    found = align(series, AlignSettings(motion="shift")).table
    shifts = found[[f"shift_{k}_um" for k in "zyx"]].to_numpy()
    np.testing.assert_allclose(shifts, SHIFTS[:2], atol=0.1)


def test_one_infinite_voxel_spoils_no_frame(drifting):
    frames = np.asarray(drifting.data)[:2].copy()
    frames[1, 0, 20, 20, 20] = np.inf
    series = Series(data=da.from_array(frames), voxel_size=(0.5, 0.5, 0.5))
    found = align(series, AlignSettings(motion="shift")).table
    shifts = found[[f"shift_{k}_um" for k in "zyx"]].to_numpy()
    np.testing.assert_allclose(shifts, 0.5 * SHIFTS[:2], atol=0.5 * 0.05)


@pytest.mark.parametrize("lost", [7.0, np.nan])
def test_a_frame_that_shows_nothing_does_not_cut_the_chain(drifting, lost):
    frames = np.asarray(drifting.data)
    frames = np.stack([frames[0], np.full_like(frames[0], lost), frames[1], frames[2]])
    series = Series(data=da.from_array(frames), voxel_size=(1, 1, 1))
    found = align(series, AlignSettings(reference="previous", motion="shift")).table
    shifts = found[[f"shift_{k}_um" for k in "zyx"]].to_numpy()
    np.testing.assert_allclose(shifts[2:], SHIFTS[1:], atol=0.05)
    assert found["zncc"][1] < 0.3


def test_two_scans_of_a_rock(shared_data):
    """Rotation and stretch that independent software found, see its provenance."""
    from tifffile import imread

    folder = shared_data / "dvc_rock"
    if not folder.is_dir():
        pytest.skip("the rock is not here")
    first, second = (imread(folder / f"{n}_u8.tif") for n in ("reference", "deformed"))
    levels = [make_pyramid(v, (1, 1, 1)) for v in (first, second)]
    found = register(*levels, "similarity")
    assert found.transform.rotation_deg == pytest.approx(0.53, abs=0.02)
    assert found.transform.linear_scale == pytest.approx(1.0032, abs=0.0003)
    nodes = np.genfromtxt(folder / "reference_displacement.csv", delimiter=",", names=True)
    places = np.stack([nodes[k] for k in "zyx"], axis=1)
    truth = np.stack([nodes[f"u_{k}"] for k in "zyx"], axis=1)
    away = np.linalg.norm(found.transform.at(places) - places - truth, axis=1)
    assert np.median(away) < 0.15
