from __future__ import annotations

import numpy as np

from operando.particles import measure
from operando.steps.damage import MapDamage
from operando.study.phases import create_phases


def test_map_and_profiles_of_every_frame(study, electrode, write_particles) -> None:
    import pandas as pd

    labels, _ = create_phases(
        study.product_path("phases/phases"), study.series, study.strokes().classes
    )
    labels[:] = electrode.phases
    write_particles()
    tables = [
        measure(
            electrode.ids[t], phases=electrode.phases[t], phase=3, frame=t, spacing=study.voxel_size
        )
        for t in range(2)
    ]
    study.write_table("particles", pd.concat(tables, ignore_index=True))
    result = MapDamage(block=0.8, window=0.8, paths=True).run(study)
    found = np.asarray(study.open_array("particles/particles-damage")[:])
    assert found.shape == (2, 4, 8, 8)
    # Blocks as large as the window share no voxels: the areas add up to those of the particles.
    for t in range(2):
        blocks = (electrode.ids[t] > 0).reshape(4, 8, 8, 8, 8, 8).sum(axis=(1, 3, 5))
        area = np.nansum(found[t] * blocks) * np.prod(study.voxel_size)
        np.testing.assert_allclose(area, tables[t]["crack_area_um2"].sum(), rtol=1e-3)
    profiles = study.table("particles-profiles")
    assert set(profiles["frame"]) == {0, 1}
    counts = profiles[(profiles["column"] == "crack_fraction")].groupby("frame")["n"].sum()
    assert counts.tolist() == [len(table) for table in tables]
    grey = study.table("particles-crack-grey")
    cracked = {(t, p) for t in range(2) for p in tables[t].query("crack_fraction > 0")["particle"]}
    own = grey[grey["particle"] > 0]
    assert set(zip(own["frame"], own["particle"], strict=True)) <= cracked
    assert "crack_area_per_um" in result.values
    lengths = np.asarray(study.open_array("particles/particles-paths")[1])
    finite = np.isfinite(lengths)
    for particle, mean in tables[1].set_index("particle")["path_mean_um"].dropna().items():
        own = lengths[finite & (electrode.ids[1] == particle)]
        np.testing.assert_allclose(own.mean(), mean, rtol=1e-4)
