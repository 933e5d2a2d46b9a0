from __future__ import annotations

import numpy as np
import pytest

from operando import Study
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
    series = drifting.image_series("images/aligned")
    inner = (slice(4, -4), slice(8, -8), slice(8, -8))
    first, second = (series.frame(t)[inner].ravel().astype(float) for t in (0, 1))
    assert np.corrcoef(first, second)[0, 1] > 0.98


def test_writing_takes_the_place_of_transforms_and_back(drifting):
    for write in (False, True, False):
        run_step(drifting, make_step("align", {"motion": "shift", "write": write}))
        assert drifting.image_sets == ["images", "images/aligned"]
