from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from operando.data import MOTION_COLUMNS, PARTICLE_COLUMNS
from operando.errors import Cancelled
from operando.files.ome_zarr import create_image
from operando.particles import measure
from operando.samples import (
    CrackSettings,
    ElectrodeSettings,
    MotionSettings,
    ParticleSettings,
    make_electrode,
)
from operando.steps import STEPS, run_step
from operando.steps.particle_motion import MeasureParticleMotion, join_motion


@pytest.fixture(scope="module")
def sample():
    """Whole particles of 14 voxels that move with the electrode, with truth."""
    settings = ElectrodeSettings(
        shape=(48, 64, 64),
        frames=3,
        particles=ParticleSettings(diameter=16, spread=0.1, solid_fraction=0.4),
        cracks=CrackSettings(share=0.0),
        motion=MotionSettings(rotation=3.0, swelling=-0.02),
    )
    return make_electrode(settings, seed=2)


@pytest.fixture(scope="module")
def found(tmp_path_factory, sample):
    """A study of the sample whose particles are the true ones."""
    with make_study(tmp_path_factory.mktemp("motion"), sample) as study:
        yield study


@pytest.fixture(scope="module")
def entry(found):
    return run_step(found, MeasureParticleMotion())


def make_study(folder, sample, voxel_size=None):
    from operando import Study

    size = voxel_size or sample.voxel_size
    study = Study.create(folder / "cell", sample.images, voxel_size=size, times=sample.times)
    ids = create_image(
        study.product_path("particles/particles"),
        sample.ids.shape,
        "int32",
        axes="tzyx",
        voxel_size=size,
        times=study.times,
    )
    ids[:] = sample.ids
    tables = [measure(frame, frame=t, spacing=size) for t, frame in enumerate(sample.ids)]
    study.write_table("particles", pd.concat(tables, ignore_index=True))
    return study


def test_whole_particles_move_and_turn_as_in_truth(found, entry, sample):
    cut = sample.table.groupby("particle")["on_edge"].any()
    whole = [(2, p) for p in cut.index[~cut]]
    assert len(whole) >= 5
    rows = found.table("particles-motion").set_index(["frame", "particle"]).loc[whole]
    truth = sample.table.set_index(["frame", "particle"]).loc[whole]
    moved = sample.displacement(2)
    true = np.array([moved[:, sample.ids[0] == p].mean(axis=1) for _, p in whole])
    error = np.abs(rows[["u_z_um", "u_y_um", "u_x_um"]] / sample.voxel_size[0] - true)
    assert np.median(error) < 0.06
    assert error.to_numpy().max() < 0.25
    np.testing.assert_allclose(
        rows["shift_um"], np.linalg.norm(rows[["u_z_um", "u_y_um", "u_x_um"]], axis=1)
    )
    turn = (rows["rotation_deg"] - truth["rotation_deg"]).abs()
    swelling = (rows["volume_ratio"] - truth["swelling"] ** 3).abs()
    assert (turn / rows["sigma_rotation_deg"]).median() < 1.5
    assert (swelling / rows["sigma_volume_ratio"]).median() < 2
    assert swelling.median() < 0.03
    assert (rows["motion_status"] == "followed").all()
    assert entry.values["particles"] >= len(whole)


def test_columns_join_the_table_of_particles(found, entry):
    table = found.table("particles")
    joined = join_motion(found, table)
    assert len(joined) == len(table)
    assert [c.name for c in MOTION_COLUMNS] == list(joined.columns[len(table.columns) :])
    assert not {c.name for c in MOTION_COLUMNS} & {c.name for c in PARTICLE_COLUMNS}
    assert joined.loc[joined["frame"] == 0, "shift_um"].isna().all()
    last = joined[joined["frame"] == 2].set_index("particle")
    motion = found.table("particles-motion").query("frame == 2").set_index("particle")
    both = last.index.intersection(motion.index)
    pd.testing.assert_series_equal(last.loc[both, "shift_um"], motion.loc[both, "shift_um"])
    assert entry.outputs == ("tables/particles-motion",)


def test_a_corrected_particle_loses_its_motion(found, entry):
    del entry
    table = found.table("particles")
    before = join_motion(found, table)
    known = before.loc[before["shift_um"].notna(), "particle"].iloc[0]
    table.loc[(table["particle"] == known) & (table["frame"] == 0), "volume_um3"] *= 1.01
    after = join_motion(found, table)
    gone = before["shift_um"].notna() & after["shift_um"].isna()
    assert set(before.loc[gone, "particle"]) == {known}


def test_without_motion_the_table_stays_as_it_is(study):
    table = pd.DataFrame({"frame": [0], "particle": [1], "volume_um3": [1.0]})
    assert join_motion(study, table) is table


def test_a_stopped_run_goes_on_with_the_next_frame(tmp_path, sample, monkeypatch):
    from operando import strain

    compared = []

    def stub(reference, deformed, ids, **_):
        if len(compared) == 1:
            compared.append(None)
            raise Cancelled
        compared.append(float(np.mean(deformed)))
        return motionless(ids)

    monkeypatch.setattr(strain, "correlate_particles", stub)
    with make_study(tmp_path, sample) as study:
        with pytest.raises(Cancelled):
            MeasureParticleMotion().run(study)
        assert "particles-motion" not in study.products("tables")
        result = MeasureParticleMotion().run(study)
        motion = study.table("particles-motion")
    assert len(compared) == 3
    assert sorted(motion["frame"].unique()) == [1, 2]
    assert result.values["contacts_gained"] == result.values["contacts_lost"] == 0


def motionless(ids):
    """The table of particles that did not move."""
    from operando.strain.particles.table import COLUMNS

    numbers = np.unique(ids[ids > 0])
    table = pd.DataFrame(0.0, index=range(len(numbers)), columns=COLUMNS)
    grids = np.indices(ids.shape)
    table["particle"] = numbers
    for k, grid in zip("zyx", grids, strict=True):
        table[f"centre_{k}"] = [grid[ids == n].mean() for n in numbers]
    return table.assign(volume_ratio=1.0, status="followed", model="rigid")


def test_lengths_of_flat_voxels_are_told_along_each_axis(tmp_path, sample, monkeypatch):
    from operando import strain

    def stub(reference, deformed, ids, **chosen):
        del reference, deformed
        assert chosen["voxel_size"] == (0.2, 0.1, 0.1)
        return motionless(ids).assign(u_z=3.0, u_y=4.0, sigma_u_z=0.5)

    monkeypatch.setattr(strain, "correlate_particles", stub)
    with make_study(tmp_path, sample, (0.2, 0.1, 0.1)) as study:
        MeasureParticleMotion().run(study)
        motion = study.table("particles-motion")
    np.testing.assert_allclose(motion["u_z_um"], 0.6)
    np.testing.assert_allclose(motion["u_y_um"], 0.4)
    np.testing.assert_allclose(motion["shift_um"], np.hypot(0.6, 0.4))
    np.testing.assert_allclose(motion["sigma_shift_um"], 0.1 / np.sqrt(3))


def test_recipes_know_it():
    assert STEPS["particle-motion"] is MeasureParticleMotion
