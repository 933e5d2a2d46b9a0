"""The sample that comes with the repository."""

from __future__ import annotations

import numpy as np
import pandas as pd
import tifffile

from operando.samples import shipped_sample

SAMPLE = shipped_sample()


def test_the_sample_is_small_and_whole():
    files = [p for p in SAMPLE.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 10e6
    phases = tifffile.imread(SAMPLE / "truth/phases.tif")
    ids = tifffile.imread(SAMPLE / "truth/ids.tif")
    strokes = tifffile.imread(SAMPLE / "strokes.tif")
    images = [tifffile.imread(p) for p in sorted((SAMPLE / "images").iterdir())]
    assert phases.shape == ids.shape == strokes.shape == np.shape(images) == (4, 64, 128, 128)
    assert np.all(ids[phases == 3] > 0)
    assert not np.any(ids[phases == 2])
    painted = strokes > 0
    np.testing.assert_array_equal(strokes[painted], phases[painted])
    assert painted[0].mean() < 0.0016


def test_the_sample_cracks_and_detaches_over_time():
    table = pd.read_csv(SAMPLE / "truth/particles.csv")
    means = table.groupby("frame")[["crack_fraction", "detached_fraction"]].mean()
    assert np.all(means.diff().dropna().crack_fraction > 0)
    assert means.detached_fraction[3] > means.detached_fraction[0]
    assert table.particle.nunique() > 60
