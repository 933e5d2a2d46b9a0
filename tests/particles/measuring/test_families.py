"""Damage, contact, electron paths, grey levels and neighbours, through `measure`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, distance_transform_edt, gaussian_filter
from scipy.special import ndtr

from operando.particles import electron_paths, measure
from operando.particles.settings import MeasureSettings, PhaseLabels

SHAPE = (48, 48, 48)
CENTRE = (23.6, 23.4, 23.7)
RADIUS = 17
PORE, BINDER, SOLID, COLLECTOR = 1, 2, 3, 4
AREA = 4 * np.pi * RADIUS**2


@pytest.fixture
def ball(make_ellipsoid):
    return make_ellipsoid(SHAPE, CENTRE, (RADIUS,) * 3)


def phases_of(ball, below=PORE, above=PORE, level=24):
    phases = np.full(SHAPE, above, np.uint8)
    phases[:level] = below
    phases[ball] = SOLID
    return phases


def row(ids, phases, **more):
    return measure(ids, phases=phases, phase=SOLID, **more).iloc[0]


@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 2, 2), (1, 0.3, 0.6)])
def test_the_walls_of_a_crack(ball, make_slab, width, normal) -> None:
    phases = phases_of(ball)
    phases[ball & make_slab(SHAPE, normal, CENTRE, width)] = PORE
    result = row(ball.astype(np.int32), phases)
    walls = 2 * np.pi * (RADIUS**2 - (width / 2) ** 2)
    assert result["crack_area_um2"] == pytest.approx(walls, rel=0.1)
    assert result["crack_area_per_um"] == pytest.approx(
        result["crack_area_um2"] / result["volume_um3"]
    )
    assert result["fragments"] == 2
    assert result["surface_um2"] == pytest.approx(AREA, rel=0.01)


def test_where_the_pore_is(ball, make_ellipsoid) -> None:
    hole = make_ellipsoid(SHAPE, CENTRE, (5, 5, 5))
    phases = np.where(hole, PORE, phases_of(ball)).astype(np.uint8)
    result = row(ball.astype(np.int32), phases)
    assert result["fragments"] == 1
    assert result["crack_core"] == pytest.approx(3 * 5**3 / RADIUS**3, rel=0.05)
    assert result["crack_middle"] == result["crack_shell"] == 0
    assert result["crack_area_um2"] == pytest.approx(4 * np.pi * 25, rel=0.03)


@pytest.mark.parametrize("level", [12, 18, 24, 30])
def test_contact_of_a_sphere_that_is_partly_in_binder(ball, level) -> None:
    result = row(ball.astype(np.int32), phases_of(ball, below=BINDER, level=level))
    cap = 2 * np.pi * RADIUS * (level - 0.5 - (CENTRE[0] - RADIUS))
    assert result["facing_binder_um2"] == pytest.approx(cap, abs=0.01 * AREA)
    assert result["facing_pore_um2"] == pytest.approx(AREA - cap, abs=0.01 * AREA)
    assert result["detachment"] == pytest.approx(1 - cap / AREA, abs=0.01)
    total = result["facing_binder_um2"] + result["facing_pore_um2"]
    assert total == pytest.approx(result["surface_um2"])


def test_collector_particles_and_cut(ball) -> None:
    phases = phases_of(ball, below=COLLECTOR, level=8)
    ids = ball.astype(np.int32)
    ids[(phases == PORE) & (np.arange(48) > 30)] = 2
    phases[ids == 2] = SOLID
    labels = PhaseLabels(collector=COLLECTOR)
    result = row(ids, phases, labels=labels)
    assert result["facing_collector_um2"] > 0
    assert result["coordination"] == 1
    cap = 2 * np.pi * RADIUS * (CENTRE[2] + RADIUS - 30.5)
    assert result["facing_particles_um2"] == pytest.approx(cap, rel=0.03)
    half = row(ids[:, 24:], phases[:, 24:], labels=labels)
    assert half["cut_um2"] == pytest.approx(np.pi * RADIUS**2, rel=0.02)


def test_a_thin_gap_can_be_reached_over(ball, make_ellipsoid) -> None:
    gap = make_ellipsoid(SHAPE, CENTRE, (RADIUS + 1.5,) * 3) & ~ball
    phases = np.where(gap, PORE, phases_of(ball, BINDER, BINDER)).astype(np.uint8)
    ids = ball.astype(np.int32)
    spacing = (0.1, 0.1, 0.1)
    assert row(ids, phases, spacing=spacing)["detachment"] == pytest.approx(1, abs=0.01)
    near = MeasureSettings(contact_reach=0.3)
    reached = row(ids, phases, spacing=spacing, settings=near)
    assert reached["detachment"] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("beyond", [PORE, 0, 9])
def test_only_what_is_solid_is_reached_over_a_gap(ball, beyond) -> None:
    """Behind the pore lies more of it, or what is not known."""
    far = ball.copy()
    far[tuple(slice(2, -2) for _ in SHAPE)] = True
    phases = np.where(far, phases_of(ball, PORE, PORE), beyond).astype(np.uint8)
    reached = row(ball.astype(np.int32), phases, settings=MeasureSettings(contact_reach=30))
    assert reached["facing_pore_um2"] == pytest.approx(AREA, rel=0.01)


def test_a_particle_does_not_look_through_itself() -> None:
    """The inner walls of a U see each other, and not the binder behind its arms."""
    ids = np.zeros((20, 30, 40), np.int32)
    ids[:, 4:24, 6:16] = 1
    ids[:, 9:, 9:13] = 0
    phases = np.where(ids > 0, SOLID, BINDER).astype(np.uint8)
    phases[:, 9:24, 9:13] = PORE
    inside = 20 * (15 + 4 + 15)
    for reach in (0, 10):
        reached = row(ids, phases, settings=MeasureSettings(contact_reach=reach))
        assert reached["facing_pore_um2"] == pytest.approx(inside, rel=0.15)


def test_the_error_of_the_detachment(ball) -> None:
    phases = phases_of(ball, below=BINDER)
    sure = np.stack([255 * (phases == k) for k in (1, 2, 3)]).astype(np.uint8)
    ids = ball.astype(np.int32)
    assert row(ids, phases, probabilities=sure)["detachment_sd"] == 0
    half = np.full_like(sure, 127)
    patch = MeasureSettings(error_patch=4)
    result = row(ids, phases, probabilities=half, settings=patch)
    independent = AREA / 16
    assert result["detachment_sd"] == pytest.approx(0.5 / np.sqrt(independent), rel=0.15)
    assert np.isnan(row(ids, phases)["detachment_sd"])


def test_the_error_is_that_of_repeated_draws(ball) -> None:
    """Phases drawn from the probabilities in cubes of 4 voxels scatter as predicted."""
    rng = np.random.default_rng(1)
    share = np.full(SHAPE, 0.3)
    phases = phases_of(ball)
    probabilities = np.stack([share, 1 - share, np.zeros(SHAPE)])
    ids = ball.astype(np.int32)
    found = []
    for _ in range(25):
        draw = (rng.random((12, 12, 12)) < 0.3).repeat(4, 0).repeat(4, 1).repeat(4, 2)
        phases = np.where(ball, SOLID, np.where(draw, PORE, BINDER)).astype(np.uint8)
        found.append(row(ids, phases)["detachment"])
    said = row(ids, phases, probabilities=probabilities, settings=MeasureSettings(error_patch=4))
    assert np.mean(found) == pytest.approx(0.3, abs=0.05)
    assert said["detachment_sd"] == pytest.approx(np.std(found), rel=0.5)


def test_the_detachment_is_off_by_as_much_as_its_error_says(ball) -> None:
    """Pores are seen with errors as large as they are, and probabilities know how often."""
    rng = np.random.default_rng(5)
    ids = ball.astype(np.int32)
    off, said = [], []
    for _ in range(20):
        true, noise = (gaussian_filter(rng.normal(size=SHAPE), 4, mode="wrap") for _ in range(2))
        true, noise = true / true.std(), noise / noise.std()
        pore = ndtr(0.8 / 0.6 * (0.8 * true + 0.6 * noise))
        probabilities = np.stack([pore, 1 - pore, np.zeros(SHAPE)])
        is_pore = (true > 0, pore > 0.5)
        right, seen = (np.where(ball, SOLID, np.where(p, PORE, BINDER)) for p in is_pore)
        found = row(ids, seen.astype(np.uint8), probabilities=probabilities)
        off.append(found["detachment"] - row(ids, right.astype(np.uint8))["detachment"])
        said.append(found["detachment_sd"])
    assert np.sqrt(np.mean(np.square(off)) / np.mean(np.square(said))) == pytest.approx(1, abs=0.4)
    assert 0.5 < np.mean(np.abs(off) < said) < 0.9


def test_labels_that_take_what_is_likely_for_sure_are_off(ball) -> None:
    """Where all is pore by a chance of 30 %, three tenths are, but no label says so."""
    probabilities = np.stack([np.full(SHAPE, k) for k in (0.3, 0.7, 0.0)])
    phases = phases_of(ball, below=BINDER, above=BINDER)
    patch = MeasureSettings(error_patch=0.1)
    found = row(ball.astype(np.int32), phases, probabilities=probabilities, settings=patch)
    assert found["detachment"] == 0
    assert found["detachment_sd"] == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("spacing", [(1, 1, 1), (3, 1, 1), (0.2, 0.2, 0.6)])
@pytest.mark.parametrize(("thickness", "detached"), [(0.7, 1), (2, 0)])
def test_a_blurred_rim_is_no_binder_but_a_film_of_two_voxels_is(
    ball, spacing, thickness, detached
) -> None:
    """A rim between particle and pore has the grey level of binder, of which none can be sure."""
    ids = ball.astype(np.int32)
    away = distance_transform_edt(~ball)
    film = ~ball & (away < thickness + 0.5)
    phases = np.where(ball, SOLID, np.where(film, BINDER, PORE)).astype(np.uint8)
    binder = np.where(away < 1.1, 0.6, film * 0.95)
    probabilities = np.stack([np.where(ball, 0, 1 - binder), np.where(ball, 0, binder), ball])
    found = row(ids, phases, probabilities=probabilities, spacing=spacing)
    assert row(ids, phases, spacing=spacing)["detachment"] == 0
    assert found["detachment"] == pytest.approx(detached, abs=0.08)
    assert found["detachment_sd"] > 0.9 * detached
    certain = np.stack([phases == k for k in (PORE, BINDER, SOLID)])
    assert row(ids, phases, probabilities=certain, spacing=spacing)["detachment"] == 0


def test_electrons_enter_where_binder_is_sure_in_table_and_map(ball) -> None:
    rim = binary_dilation(ball) & ~ball
    phases = phases_of(ball, below=BINDER)
    binder = np.where(rim, 0.6, phases == BINDER)
    phases[rim] = BINDER
    known = {"phases": phases, "phase": SOLID}
    known["probabilities"] = np.stack([np.where(ball, 0, 1 - binder), binder, ball])
    ids = ball.astype(np.int32)
    table = measure(ids, **known).iloc[0]
    assert table["detachment"] == pytest.approx(0.5, abs=0.05)
    assert table["path_ratio"] > 1.5
    assert np.nanmax(electron_paths(ids, **known)) == pytest.approx(table["path_max_um"])


def test_paths_of_a_particle_that_is_attached_all_round(ball) -> None:
    result = row(ball.astype(np.int32), phases_of(ball, BINDER, BINDER))
    assert result["path_mean_um"] == pytest.approx(RADIUS / 4, rel=0.05)
    # Where all fronts meet, the grid rounds the peak off by a voxel.
    assert result["path_max_um"] == pytest.approx(RADIUS, abs=1.1)
    assert result["path_ratio"] == pytest.approx(1, abs=0.05)
    assert result["unconnected_fraction"] == 0


@pytest.mark.parametrize("spacing", [(1, 1, 1), (1, 3, 3), (3, 1, 1)])
@pytest.mark.parametrize("radius", [4, 12])
def test_no_path_is_shorter_than_that_of_the_whole_particle(
    make_ellipsoid, radius, spacing
) -> None:
    """Also where it is few voxels across."""
    shape, size = (36, 36, 36), np.array(spacing)
    centre, half = (17.8, 18.1, 17.6) * size, (radius,) * 3 * size
    ball = make_ellipsoid(shape, centre, half, spacing)
    around = np.where(ball, SOLID, BINDER).astype(np.uint8)
    below = np.where(ball | (np.arange(36) < 18), around, PORE).astype(np.uint8)
    ratios = [row(ball.astype(np.int32), p, spacing=spacing)["path_ratio"] for p in (around, below)]
    assert ratios[0] == pytest.approx(1, abs=1e-3)
    assert ratios[1] > 1.1


def test_paths_grow_with_detachment_and_end_at_cracks(ball, make_slab) -> None:
    ids = ball.astype(np.int32)
    phases = phases_of(ball, below=BINDER, level=12)
    detached = row(ids, phases)
    assert detached["path_ratio"] > 2
    phases[ball & make_slab(SHAPE, (1, 0, 0), (24, 0, 0), 2.2)] = PORE
    cracked = row(ids, phases)
    assert cracked["unconnected_fraction"] == pytest.approx(0.5, abs=0.06)
    nothing = row(ids, phases_of(ball))
    assert nothing["unconnected_fraction"] == 1
    assert np.isnan(nothing["path_mean_um"])


def test_the_end_of_the_image_may_be_the_collector(ball) -> None:
    ids, phases = ball[24:].astype(np.int32), phases_of(ball)[24:]
    assert row(ids, phases)["unconnected_fraction"] == 1
    there = row(ids, phases, settings=MeasureSettings(collector_there=True))
    assert there["unconnected_fraction"] == 0
    assert there["path_max_um"] == pytest.approx(RADIUS, rel=0.06)


def test_grey_levels_between_two_references(ball) -> None:
    rng = np.random.default_rng(2)
    phases = phases_of(ball, below=BINDER)
    image = np.choose(phases, [0, 10, 30, 70, 0]) + rng.normal(0, 2, SHAPE)
    result = row(ball.astype(np.int32), phases, image=image)
    assert result["density"] == pytest.approx(3, abs=0.02)
    assert result["density_noise"] == pytest.approx(0.1, rel=0.05)
    assert result["density_spread"] == pytest.approx(0.1, rel=0.05)
    assert result["grey_spread"] == pytest.approx(2, rel=0.03)


def test_grey_levels_by_depth_and_by_distance_from_cracks(ball, make_slab) -> None:
    r = np.linalg.norm(np.indices(SHAPE) - np.reshape(CENTRE, (3, 1, 1, 1)), axis=0)
    result = row(ball.astype(np.int32), phases_of(ball), image=100 - 60 * (r / RADIUS) ** 3)
    greys = [result[f"grey_{k}"] for k in ("core", "middle", "shell")]
    assert greys == pytest.approx([90, 70, 50], abs=2)
    assert np.isnan(result["grey_near_crack"])
    phases = phases_of(ball)
    crack = ball & make_slab(SHAPE, (0, 0, 1), CENTRE, 3)
    phases[crack] = PORE
    image = np.where(np.abs(np.indices(SHAPE)[2] - CENTRE[2]) < 5, 80.0, 50.0)
    near = row(ball.astype(np.int32), phases, image=image, settings=MeasureSettings(crack_reach=3))
    assert near["grey_near_crack"] == pytest.approx(30, abs=2)


def test_neighbours_packing_and_depth(make_ellipsoid) -> None:
    shape = (30, 40, 90)
    ids = np.zeros(shape, np.int32)
    for k, x in enumerate((15, 36, 70), start=1):
        ids[make_ellipsoid(shape, (15, 20, x), (10, 10, 10))] = k
    table = measure(ids, spacing=(0.5, 0.5, 0.5), settings=MeasureSettings(collector_side="x last"))
    assert table["nearest_um"].tolist() == pytest.approx([10.5, 10.5, 17], abs=0.05)
    assert table["six_nearest_um"].tolist() == pytest.approx([19, 13.75, 22.25], abs=0.05)
    assert table["depth_um"].tolist() == pytest.approx([37.25, 26.75, 9.75], abs=0.05)
    whole = measure(ids, settings=MeasureSettings(packing_window=1000))
    assert whole["packing"].tolist() == pytest.approx([(ids > 0).mean()] * 3)
    image = np.ones(shape)
    image[:3] = np.nan
    seen = measure(ids, image=image, settings=MeasureSettings(packing_window=1000))
    assert seen["packing"].tolist() == pytest.approx([(ids[3:] > 0).mean()] * 3)
    nothing = np.full(ids.shape, np.nan, np.float32)
    assert measure(ids, image=nothing)["packing"].isna().all()


def test_the_same_particle_at_twice_the_resolution(make_ellipsoid, make_slab) -> None:
    rows = []
    for scale in (1, 2):
        shape = tuple(scale * n for n in SHAPE)
        centre = tuple(scale * c + (scale - 1) / 2 for c in CENTRE)
        ball = make_ellipsoid(shape, centre, (scale * 17,) * 3)
        phases = np.full(shape, PORE, np.uint8)
        phases[: 16 * scale] = BINDER
        phases[ball & ~make_slab(shape, (0.2, 1, 0.7), centre, 4 * scale)] = SOLID
        image = np.indices(shape)[2] / scale
        rows.append(row(ball.astype(np.int32), phases, image=image, spacing=(1 / scale,) * 3))
    coarse, fine = rows
    names = [
        *("volume_um3", "surface_um2", "crack_fraction", "detachment", "facing_binder_um2"),
        *("path_mean_um", "path_max_um", "path_ratio", "feret_max_um", "axis_long_um"),
        *("crack_area_um2", "roughness", "grey_spread", "packing", "depth_um"),
    ]
    for name in names:
        assert fine[name] == pytest.approx(coarse[name], rel=0.06, abs=0.01), name


def test_a_mask_says_nothing_about_binder(ball) -> None:
    result = measure(ball.astype(np.int32), phases=ball).iloc[0]
    assert np.isnan(result[["facing_pore_um2", "detachment", "path_mean_um"]].astype(float)).all()
    assert result["crack_fraction"] == 0


@pytest.mark.parametrize("label", ["pore", "binder"])
def test_nothing_is_known_of_a_phase_that_there_is_not(ball, label) -> None:
    """A particle in what is not said to be a pore is not fully attached for that."""
    labels = PhaseLabels().model_copy(update={label: None})
    other = {"pore": "facing_binder_um2", "binder": "facing_pore_um2"}[label]
    result = row(ball.astype(np.int32), phases_of(ball, below=BINDER), labels=labels)
    unknown = ["detachment", f"facing_{label}_um2", "facing_collector_um2"]
    assert result[unknown].astype(float).isna().all()
    assert result[other] == pytest.approx(AREA / 2, rel=0.05)


def test_the_particles_of_two_phases_are_no_binder(ball) -> None:
    """By default label 2 is binder, but not if the particles have it."""
    phases = np.where(ball, 2, PORE).astype(np.uint8)
    image = np.random.default_rng(0).normal(10.0 * phases)
    result = measure(ball.astype(np.int32), phases=phases, phase=2, image=image).iloc[0]
    unknown = ["detachment", "facing_binder_um2", "path_mean_um", "unconnected_fraction", "density"]
    assert result[unknown].astype(float).isna().all()
    assert result["facing_pore_um2"] == pytest.approx(AREA, rel=0.01)


def test_grains_of_binder_are_not_held_by_binder(ball) -> None:
    """Any phase can be looked at as particles; it is nothing that it touches itself."""
    phases = np.where(ball, BINDER, PORE).astype(np.uint8)
    labels = PhaseLabels(pore=PORE, binder=BINDER, grey_low=PORE, grey_high=BINDER)
    image = 10.0 * phases + np.random.default_rng(0).normal(size=SHAPE)
    ids = ball.astype(np.int32)
    result = measure(ids, phases=phases, phase=BINDER, labels=labels, image=image).iloc[0]
    assert result[["detachment", "facing_binder_um2"]].astype(float).isna().all()
    assert result["density"] == pytest.approx(1, abs=0.01)


def test_only_some_are_measured_but_all_are_neighbours(make_ellipsoid) -> None:
    ids = np.zeros((24, 24, 60), np.int32)
    for k, x in enumerate((12, 30, 48), start=1):
        ids[make_ellipsoid(ids.shape, (12, 12, x), (8, 8, 8))] = k
    whole, some = measure(ids), measure(ids, only=[2])
    assert some["particle"].tolist() == [2]
    np.testing.assert_allclose(
        some.drop(columns="on_edge").astype(float).iloc[0],
        whole.drop(columns="on_edge").astype(float).iloc[1],
    )
