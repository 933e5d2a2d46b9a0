from __future__ import annotations

import numpy as np
import pytest
import tifffile


@pytest.fixture
def images(tmp_path, rng):
    folder = tmp_path / "scans"
    folder.mkdir()
    frames = rng.integers(0, 999, (3, 6, 12, 10)).astype(np.uint16)
    for t, frame in enumerate(frames):
        tifffile.imwrite(folder / f"frame_{t}.tif", frame)
    return folder, frames
