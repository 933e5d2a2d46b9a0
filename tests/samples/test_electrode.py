from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, label, map_coordinates

from operando.errors import Cancelled
from operando.samples import (
    PERFECT_SCANNER,
    ElectrodeSettings,
    calendered_electrode,
    draw_settings,
    loose_electrode,
    make_electrode,
)

PERFECT = ElectrodeSettings(shape=(28, 56, 56), frames=3, scanner=PERFECT_SCANNER)
WHOLE = {"cracks__share": 0.0, "binder__detached": 0.0}


@pytest.fixture(scope="module")
def perfect():
    return make_electrode(PERFECT, seed=5)


def warp_back(electrode, t):
    """Grey levels of frame t where the material of frame 0 went, and where that is in view."""
    shape = electrode.settings.shape
    there = np.indices(shape, np.float32) + electrode.displacement(t)
    limit = np.array(shape).reshape(3, 1, 1, 1) - 4
    seen = np.all((there > 3) & (there < limit), axis=0)
    image = electrode.images[t].astype(np.float32)
    return map_coordinates(image, there, order=3, mode="nearest"), seen


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("phase", [2, 3])
def test_the_displacement_takes_frame_0_into_the_last_frame(seed, phase):
    electrode = make_electrode(PERFECT, seed)
    warped, seen = warp_back(electrode, 2)
    first, last = electrode.images[0].astype(np.float32), electrode.images[2].astype(np.float32)
    inside = seen & binary_erosion(electrode.phases[0] == phase, iterations=2)
    texture = first[inside].std()
    assert np.median(np.abs(warped - first)[inside]) < 0.02 * texture
    assert np.median(np.abs(last - first)[inside]) > 0.15 * texture


def test_the_ids_move_with_the_displacement(perfect):
    there = np.rint(np.indices(PERFECT.shape) + perfect.displacement(2)).astype(int)
    limit = np.array(PERFECT.shape).reshape(3, 1, 1, 1)
    seen = np.all((there >= 0) & (there < limit), axis=0)
    inside = seen & (perfect.phases[0] == 3)
    moved = perfect.ids[2][tuple(there[:, inside])]
    assert np.mean(moved == perfect.ids[0][inside]) > 0.95


def test_nothing_moves_from_the_first_frame_to_itself(perfect):
    np.testing.assert_allclose(perfect.displacement(0), 0, atol=1e-5)


def test_whole_particles_hang_together(perfect):
    edge = perfect.table.query("on_edge").groupby("frame").particle.agg(set)
    for t, ids in enumerate(perfect.ids):
        for particle in set(np.unique(ids).tolist()) - {0} - edge[t]:
            pieces, count = label(ids == particle)
            largest = np.bincount(pieces.ravel())[1:].max()
            assert largest >= 0.99 * (pieces > 0).sum(), (t, particle, count)


def test_the_table_counts_voxels(perfect):
    for row in perfect.table.itertuples():
        mask = perfect.ids[row.frame] == row.particle
        assert row.volume_um3 == pytest.approx(mask.sum() * 1e-3)
        cracked = (mask & (perfect.phases[row.frame] == 1)).sum()
        assert row.crack_fraction == pytest.approx(cracked / mask.sum())
        centroid = np.argwhere(mask).mean(0) * 0.1
        np.testing.assert_allclose(centroid, [row.z_um, row.y_um, row.x_um], rtol=1e-4, atol=1e-4)
    assert len(perfect.table) == sum(len(np.unique(i)) - 1 for i in perfect.ids)
    for column in ("crack_fraction", "detached_fraction"):
        assert perfect.table[column].between(0, 1).all()


@pytest.mark.parametrize("swelling", [-0.04, 0.04])
def test_swelling_changes_the_volume_by_its_cube(swelling):
    settings = loose_electrode(
        shape=(32, 48, 48),
        frames=2,
        particles__diameter=13,
        particles__solid_fraction=0.25,
        motion__swelling=swelling,
        motion__swelling_spread=0,
        motion__strain=0,
        motion__wave=0,
        **WHOLE,
    )
    table = make_electrode(settings, 1).table.query("not on_edge")
    volume = table.pivot(index="particle", columns="frame", values="volume_um3").dropna()
    assert len(volume) >= 3
    ratio = volume[1].sum() / volume[0].sum()
    assert ratio == pytest.approx((1 + swelling) ** 3, rel=0.01)


def test_the_rotation_of_the_table_turns_the_displacement():
    settings = loose_electrode(
        shape=(32, 64, 64),
        frames=2,
        motion__rotation=6,
        motion__swelling=0,
        motion__swelling_spread=0,
        motion__stiffness=1,
        **WHOLE,
    )
    electrode = make_electrode(settings, 0)
    u = electrode.displacement(1)
    for row in electrode.table.query("frame == 1").itertuples():
        mask = electrode.ids[0] == row.particle
        if mask.sum() < 500:
            continue
        at = np.argwhere(mask).astype(float)
        there = at + u[:, mask].T
        turn, *_ = np.linalg.lstsq(at - at.mean(0), there - there.mean(0), rcond=None)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-3)
        angle = np.degrees(np.arccos((np.trace(turn) - 1) / 2))
        assert angle == pytest.approx(row.rotation_deg, abs=0.1)


def test_cracks_open_over_time_and_can_be_switched_off():
    cracked = make_electrode(PERFECT.with_(cracks__share=1.0), 0)
    counts = cracked.cracks.sum(axis=(1, 2, 3))
    assert np.all(np.diff(counts) > 0)
    whole = make_electrode(PERFECT.with_(**WHOLE), 0)
    assert not whole.cracks.any()
    assert (whole.table.crack_fraction == 0).all()


def test_gaps_open_where_the_binder_comes_off():
    detached = make_electrode(PERFECT.with_(binder__detached=1.0, binder__gap=3.0), 0)
    assert np.all(np.diff(detached.gaps.sum(axis=(1, 2, 3))) > 0)
    shares = detached.table.groupby("frame").detached_fraction.mean()
    assert shares[2] > max(shares[0], 0.1)
    held = make_electrode(PERFECT.with_(**WHOLE), 0)
    assert held.gaps.mean() < 0.1 * detached.gaps[2].mean()
    assert (held.table.detached_fraction == 0).all()


def test_the_same_seed_gives_the_same_electrode():
    settings = ElectrodeSettings(shape=(16, 32, 32), frames=2)
    one, two, other = (make_electrode(settings, seed) for seed in (4, 4, 5))
    for name in ("images", "phases", "ids", "cracks", "gaps"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(one.displacement(1), two.displacement(1))
    assert np.mean(one.images != other.images) > 0.9
    assert np.mean(one.phases != other.phases) > 0.2


def test_noise_does_not_change_the_material():
    settings = ElectrodeSettings(shape=(16, 32, 32), frames=2)
    clean, noisy = (make_electrode(settings.with_(scanner__noise=n), 4) for n in (0.0, 0.1))
    np.testing.assert_array_equal(clean.phases, noisy.phases)
    assert np.any(clean.images != noisy.images)


def test_grey_levels_of_the_default_overlap_in_the_right_order():
    electrode = make_electrode(ElectrodeSettings(shape=(24, 64, 64), frames=1), 0)
    pore, binder, particle = (
        electrode.images[electrode.phases == k].astype(float) for k in (1, 2, 3)
    )
    assert pore.mean() < binder.mean() < particle.mean()
    assert np.quantile(pore, 0.9) > np.quantile(binder, 0.1)
    assert np.quantile(binder, 0.95) > np.quantile(particle, 0.05)


def test_calendered_is_denser_than_loose():
    dense, loose = (
        make_electrode(preset(shape=(16, 64, 64), frames=1, particles__diameter=16), 2)
        for preset in (calendered_electrode, loose_electrode)
    )
    assert np.mean(dense.phases == 3) > np.mean(loose.phases == 3) + 0.1


@pytest.mark.parametrize("seed", range(6))
def test_any_drawn_electrode_can_be_made(seed):
    settings = draw_settings(seed, shape=(12, 24, 28), frames=2)
    electrode = make_electrode(settings, seed)
    assert electrode.images.shape == (2, 12, 24, 28)
    assert np.isin(electrode.phases, (1, 2, 3)).all()
    assert np.isfinite(electrode.displacement(1)).all()
    assert electrode.times == (0.0, 1.0)


def test_progress_is_told_and_can_stop_it():
    told = []
    make_electrode(ElectrodeSettings(shape=(8, 16, 16), frames=2), progress=told.append)
    assert [p.done for p in told] == [0, 1, 2, 3]
    assert told[-1].fraction == 1

    def stop(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        make_electrode(ElectrodeSettings(shape=(8, 16, 16), frames=2), progress=stop)
