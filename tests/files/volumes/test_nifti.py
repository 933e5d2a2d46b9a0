from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path

nibabel = pytest.importorskip("nibabel")


@pytest.mark.parametrize(("slope", "shift"), [(0.01, 3.0), (1.0, 0.0)])
def test_a_scale_that_is_not_applied_is_told(tmp_path: Path, slope: float, shift: float) -> None:
    """What nibabel gives is what was read, times the factor, plus the offset that is told."""
    path = tmp_path / "a.nii"
    image = nibabel.Nifti1Image(slope * np.arange(60.0).reshape(3, 4, 5) + shift, np.eye(4))
    image.set_data_dtype(np.int16)
    image.header.set_slope_inter(slope, shift)
    nibabel.save(image, path)
    series = read(path)
    stored = np.asarray(series.data[0, 0]).T
    np.testing.assert_allclose(slope * stored + shift, nibabel.load(path).get_fdata(), atol=1e-5)
    told = (f"grey values are as stored, without the file's factor {slope:g} and offset {shift:g}",)
    assert series.metadata[0]["notes"] == (told if slope != 1 else ())
