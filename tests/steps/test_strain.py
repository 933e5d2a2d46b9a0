from __future__ import annotations

import numpy as np
import pytest

from operando.errors import Cancelled
from operando.steps.strain import MeasureStrain
from operando.strain import CorrelationSettings, correlate

TILED = MeasureStrain(window=11, spacing=6, settings=CorrelationSettings(tile=64))


SHIFT = np.array([0.3, -0.4, 1.6])


def moved_texture(rng, shape):
    """Two frames ``(2, Z, Y, X)`` of a texture that moved."""
    from scipy.ndimage import fourier_gaussian, fourier_shift

    texture = fourier_gaussian(np.fft.fftn(rng.standard_normal(shape)), 1.5)
    frames = np.stack([np.fft.ifftn(t).real for t in (texture, fourier_shift(texture, SHIFT))])
    return (frames / frames.std()).astype(np.float32)


@pytest.fixture
def long_study(tmp_path, rng):
    """Frames longer than one tile."""
    from operando import Study

    images = moved_texture(rng, (28, 28, 110))
    with Study.create(tmp_path / "long", images, voxel_size=(0.5, 0.5, 0.5)) as made:
        yield made


def slid_texture(rng, shape, edge=9):
    """Two frames of a texture whose cubes of nine voxels moved on their own."""
    from scipy.ndimage import fourier_gaussian, map_coordinates

    texture = np.fft.ifftn(fourier_gaussian(np.fft.fftn(rng.standard_normal(shape)), 1.5)).real
    cubes = rng.normal(0, 0.5, (3, *(-(-n // edge) for n in shape)))
    slid = np.kron(cubes, np.ones((1, edge, edge, edge)))[:, *(slice(0, n) for n in shape)]
    moved = map_coordinates(texture, np.indices(shape) - slid, order=3, mode="nearest")
    return (np.stack([texture, moved]) / texture.std()).astype(np.float32)


@pytest.mark.parametrize(("make", "own"), [(moved_texture, False), (slid_texture, True)])
def test_motion_inside_windows_is_told(tmp_path, rng, make, own):
    from operando import Study

    step = MeasureStrain(window=13, spacing=6)
    images = make(rng, (45, 45, 45))
    with Study.create(tmp_path / "cell", images, voxel_size=(1, 1, 1)) as study:
        result = step.run(study)
    differ = result.values["neighbour_scatter"] > 1.3
    assert (result.values["own_motion_percent"] > 10 or differ) is own
    assert ("neighbours differ by" in result.summary) is differ


def unfinished(study):
    return study.product_path("strain/000-001").parent.glob(".*.unfinished")


def stop_when(condition):
    def progress(record):
        if condition(record):
            raise Cancelled

    return progress


def test_tiles_read_from_the_files_give_what_whole_frames_give(long_study):
    TILED.run(long_study)
    tiled = long_study.field("000-001")
    series = long_study.series
    whole = correlate(series.frame(0), series.frame(1), window=11, spacing=6)
    both = tiled.valid & whole.valid
    assert both.mean() > 0.9
    np.testing.assert_allclose(
        tiled.displacement[both], whole.displacement[both], rtol=0, atol=1e-3
    )
    np.testing.assert_allclose(np.median(tiled.displacement, axis=0), SHIFT, atol=0.01)


def test_a_stopped_run_goes_on_with_the_tiles_it_has(long_study, monkeypatch):
    from operando.strain.grid.tiles import TiledFrames

    solved = []
    solve = TiledFrames._solve_tile

    def counting(self, points, guess, report):
        if report.__name__ == "advance":
            solved.append(len(points))
        return solve(self, points, guess, report)

    monkeypatch.setattr(TiledFrames, "_solve_tile", counting)
    with pytest.raises(Cancelled):
        TILED.run(long_study, stop_when(lambda p: p.total and p.done > 0.7 * p.total))
    assert long_study.products("strain") == []
    before = len(solved)
    assert before >= 2
    TILED.run(long_study)
    again = len(solved) - before
    resumed = long_study.field("000-001")
    assert list(unfinished(long_study)) == []
    solved.clear()
    TILED.run(long_study)
    assert again < len(solved)
    np.testing.assert_array_equal(resumed.displacement, long_study.field("000-001").displacement)


def test_other_settings_do_not_take_up_what_was_stopped(long_study):
    with pytest.raises(Cancelled):
        TILED.run(long_study, stop_when(lambda p: p.total and p.done > 0.7 * p.total))
    other = TILED.model_copy(update={"spacing": 9})
    other.run(long_study)
    assert long_study.field("000-001").spacing == (9, 9, 9)
    assert list(unfinished(long_study)) == []


def test_a_preview_is_seen_while_it_runs_and_never_as_the_result(tmp_path, rng):
    from operando import Study
    from operando.study.fields import preview_path, read_preview

    images = moved_texture(rng, (44, 44, 110))
    step = MeasureStrain(window=11, spacing=4, settings=CorrelationSettings(tile=64))
    with Study.create(tmp_path / "study", images, voxel_size=(0.5, 0.5, 0.5)) as study:
        path = study.product_path("strain/000-001")
        with pytest.raises(Cancelled):
            step.run(study, stop_when(lambda _: preview_path(path).exists()))
        assert study.products("strain") == []
        first = read_preview(path)
        assert first.spacing == (8, 8, 8)
        np.testing.assert_allclose(np.median(first.displacement, axis=0), SHIFT, atol=0.1)
        step.run(study)
        assert study.products("strain") == ["000-001"]
        assert study.field("000-001").spacing == (4, 4, 4)
        assert list(unfinished(study)) == []


def test_a_field_that_is_there_at_once_has_no_preview(long_study):
    from operando.study.fields import preview_path

    path = long_study.product_path("strain/000-001")
    seen = []
    TILED.run(long_study, lambda _: seen.append(preview_path(path).exists()))
    assert not any(seen)
