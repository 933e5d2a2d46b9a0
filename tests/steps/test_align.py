from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from operando import Study
from operando.align import series
from operando.errors import Cancelled
from operando.steps import make_step, run_step


@pytest.fixture
def drifting(tmp_path, electrode):
    first = np.asarray(electrode.images)[0]
    frames = np.stack([first, np.roll(first, (1, -3, 2), axis=(0, 1, 2))])
    with Study.create(tmp_path / "cell", frames, voxel_size=(0.2, 0.1, 0.1)) as made:
        yield made


@pytest.mark.parametrize("write", [False, True])
def test_the_aligned_set_lies_still(drifting, write):
    entry = run_step(drifting, make_step("align", {"motion": "shift", "write": write}))
    table = drifting.table("aligned")
    found = table.loc[1, ["shift_z_um", "shift_y_um", "shift_x_um"]].to_numpy(float)
    np.testing.assert_allclose(found, (0.2, -0.3, 0.2), atol=0.01)
    assert entry.values["lost_frames"] == 0
    assert drifting.product_path("images/aligned").suffix == (".zarr" if write else ".json")
    aligned = drifting.image_series("images/aligned")
    inner = (slice(4, -4), slice(8, -8), slice(8, -8))
    first, second = (aligned.frame(t)[inner].ravel().astype(float) for t in (0, 1))
    assert np.corrcoef(first, second)[0, 1] > 0.98
    unseen = np.isnan(aligned.frame(1))
    assert unseen[-1].all()
    assert unseen[:, :3].all()
    assert unseen[:, :, -2:].all()
    assert not unseen[:-1, 3:, :-2].any()
    cleaned = make_step("denoise", {"images": "images/aligned", "method": "tv"})
    run_step(drifting, cleaned)
    np.testing.assert_array_equal(
        np.isnan(drifting.image_series("images/denoised").frame(1)), unseen
    )


@pytest.mark.parametrize("reference", ["first", "previous"])
def test_a_stopped_run_goes_on(tmp_path, electrode, monkeypatch, reference):
    first = np.asarray(electrode.images)[0, :24, :48, :48]
    frames = np.stack([np.roll(first, (0, t, -2 * t), axis=(0, 1, 2)) for t in range(3)])
    settings = {"motion": "shift", "reference": reference, "write": True}
    whole, half = (make_step("align", settings | {"result": name}) for name in ("whole", "half"))
    registered = []
    register = series.register

    def counted(reference, moving, motion, **hints):
        registered.append(motion)
        return register(reference, moving, motion, **hints)

    def stop_registering(progress):
        if progress.unit == "frames" and progress.done == 2:
            raise Cancelled

    def stop_writing(progress):
        if progress.message == "Writing aligned images" and progress.done == 2:
            raise Cancelled

    with Study.create(tmp_path / "cell", frames, voxel_size=(1, 1, 1)) as study:
        run_step(study, whole)
        monkeypatch.setattr(series, "register", counted)
        for stop, known in ((stop_registering, 1), (stop_writing, None)):
            registered.clear()
            with pytest.raises(Cancelled):
                half.run(study, stop)
            assert known is None or registered == ["shift"] * known
        assert registered.count("shift") == 1
        registered.clear()
        half.run(study, None)
        assert "shift" not in registered
        pd.testing.assert_frame_equal(study.table("half"), study.table("whole"))
        images = [study.image_series(f"images/{name}").data for name in ("half", "whole")]
        np.testing.assert_array_equal(*map(np.asarray, images))
        assert not list((study.path / "images").glob(".*unfinished"))


def test_writing_takes_the_place_of_transforms_and_back(drifting):
    for write in (False, True, False):
        run_step(drifting, make_step("align", {"motion": "shift", "write": write}))
        assert drifting.image_sets == ["images", "images/aligned"]
