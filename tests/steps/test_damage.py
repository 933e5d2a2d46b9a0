from __future__ import annotations

import shutil

import numpy as np
import pytest

from operando.errors import StudyError
from operando.particles import MeasureSettings, measure
from operando.steps import run_step
from operando.steps.damage import MapDamage
from operando.steps.particle_motion import MeasureParticleMotion
from operando.steps.particles import FindParticles
from operando.study import Entry
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
    whole = tables[1][["crack_area_um2", "volume_um3"]].sum()
    cracks = whole["crack_area_um2"] / whole["volume_um3"]
    assert result.values["crack_area_per_um"] == pytest.approx(cracks)
    lengths = np.asarray(study.open_array("particles/particles-paths")[1])
    finite = np.isfinite(lengths)
    for particle, mean in tables[1].set_index("particle")["path_mean_um"].dropna().items():
        own = lengths[finite & (electrode.ids[1] == particle)]
        np.testing.assert_allclose(own.mean(), mean, rtol=1e-4)


def test_paths_go_by_the_definitions_that_the_particles_were_measured_by(
    segmented, electrode, write_particles
) -> None:
    """Electrons enter at the current collector, which is no class but the end of the image."""
    write_particles()
    settings = MeasureSettings(collector_there=True, through_particles=True)
    table = measure(
        electrode.ids[0],
        phases=electrode.phases[0],
        phase=3,
        spacing=segmented.voxel_size,
        settings=settings,
    )
    segmented.write_table("particles", table.assign(frame=0))
    step = FindParticles(measure=settings)
    made = Entry(
        step="particles", settings=step.model_dump(mode="json"), outputs=("particles/particles",)
    )
    segmented.add_entry(made)
    MapDamage(paths=True).run(segmented)
    lengths = np.asarray(segmented.open_array("particles/particles-paths")[0])
    means = table.set_index("particle")["path_mean_um"].dropna()
    assert len(means) > 5
    for particle, mean in means.items():
        own = lengths[electrode.ids[0] == particle]
        assert own[np.isfinite(own)].mean() == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize("step", [MapDamage(), MeasureParticleMotion()])
def test_particles_that_were_measured_with_other_voxels_are_refused(
    segmented, electrode, write_particles, step
) -> None:
    """Their depths and diameters would be mixed with lengths in the new voxels."""
    write_particles()
    segmented.write_table("particles", electrode.table)
    segmented.calibrate(voxel_size=tuple(2 * v for v in segmented.voxel_size))
    with pytest.raises(StudyError, match="find the particles again"):
        step.run(segmented)


def test_particles_that_are_none_are_refused(segmented, electrode, write_particles) -> None:
    write_particles()
    segmented.write_table("particles", electrode.table.iloc[:0])
    with pytest.raises(StudyError, match="'particles' holds no particle"):
        MapDamage().run(segmented)


def test_particles_are_looked_at_in_what_they_were_found_in(
    segmented, electrode, write_particles
) -> None:
    """As from the window: another class, segmentation and image set than those of a new study."""
    write_particles()
    table = measure(electrode.ids[0], phases=electrode.phases[0], spacing=segmented.voxel_size)
    segmented.write_table("particles", table)
    others = segmented.product_path("phases/others")
    shutil.move(segmented.product_path("phases/phases"), others)
    step = FindParticles(images="images", phases="others", phase="binder")
    made = Entry(
        step="particles", settings=step.model_dump(mode="json"), outputs=("particles/particles",)
    )
    segmented.add_entry(made)
    entry = run_step(segmented, MapDamage())
    found = np.asarray(segmented.open_array("particles/particles-damage")[:])
    assert "phases/others" in entry.inputs
    run_step(segmented, MapDamage(images="images", phases="others", phase="binder", channel=0))
    named = np.asarray(segmented.open_array("particles/particles-damage")[:])
    np.testing.assert_array_equal(found, named)
    run_step(segmented, MapDamage(phase="particle"))
    other = np.asarray(segmented.open_array("particles/particles-damage")[:])
    assert np.nansum(other) > np.nansum(found) == 0
