from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ellipeinc, ellipkinc

from operando.compute.surface import LONGEST, faces_of


def surface_area(
    mask: np.ndarray, spacing: tuple[float, float, float] = (1, 1, 1), is_cut: bool = False
):
    """Area of a body that may fill the volume; `is_cut` says whether the first slice cuts it."""
    around = [(0 if is_cut else LONGEST, LONGEST), (LONGEST, LONGEST), (LONGEST, LONGEST)]
    return faces_of(np.pad(mask, around), spacing).area.sum()


def ellipsoid_area(axes: tuple[float, float, float]) -> float:
    """Exact area [Legendre 1825]."""
    a, b, c = sorted(axes, reverse=True)
    if a == c:
        return 4 * np.pi * a * a
    phi = np.arccos(c / a)
    k2 = a * a * (b * b - c * c) / (b * b * (a * a - c * c))
    inner = ellipeinc(phi, k2) * np.sin(phi) ** 2 + ellipkinc(phi, k2) * np.cos(phi) ** 2
    return 2 * np.pi * c * c + 2 * np.pi * a * b / np.sin(phi) * inner


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (1, 1, 0.5)])
@pytest.mark.parametrize("axes", [(8, 8, 8), (20, 20, 20), (8, 12, 16), (9, 9, 22)])
def test_ellipsoids_within_three_percent(make_ellipsoid, axes, spacing) -> None:
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    shape = tuple(int(2 * max(axes) / s) + 4 for s in spacing)
    centre = tuple(
        n * s / 2 + o for n, s, o in zip(shape, spacing, rng.uniform(-0.5, 0.5, 3), strict=True)
    )
    mask = make_ellipsoid(shape, centre, axes, spacing, turn)
    assert surface_area(mask, spacing) == pytest.approx(ellipsoid_area(axes), rel=0.03)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0)])
@pytest.mark.parametrize("flat", [2, 3, 4])
@pytest.mark.parametrize("axes", [(8, 8, 8), (16, 16, 16), (40, 40, 40), (24, 12, 16)])
def test_flat_voxels_see_slopes_and_not_their_treads(make_ellipsoid, axes, flat, order) -> None:
    spacing = tuple((flat, 1.0, 1.0)[k] for k in order)
    shape = tuple(int(2 * max(axes) / s) + 6 for s in spacing)
    areas = []
    for offset in np.random.default_rng(1).uniform(-0.5, 0.5, (4, 3)):
        centre = tuple((n / 2 + o) * s for n, s, o in zip(shape, spacing, offset, strict=True))
        areas.append(surface_area(make_ellipsoid(shape, centre, axes, spacing), spacing))
    assert np.mean(areas) == pytest.approx(ellipsoid_area(axes), rel=0.02)


@pytest.mark.parametrize("direction", [(1, 0, 0), (1, 1, 0), (1, 2, 3), (0.2, 1, 0.5)])
@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 0.5)])
def test_planes_in_any_direction(direction, spacing) -> None:
    n = np.array(direction) / np.linalg.norm(direction)
    grid = np.indices((30, 60, 90)).reshape(3, -1).T * np.array(spacing)
    centre = np.array([15, 30, 45]) * spacing
    faces = faces_of(((grid - centre) @ n < 0).reshape(30, 60, 90), spacing)
    places = (faces.inside + faces.outside) / 2 * spacing - centre
    near = np.linalg.norm(places, axis=1) < 6
    assert faces.area[near].sum() == pytest.approx(np.pi * 36, rel=0.08)
    np.testing.assert_allclose(faces.normal[near].mean(0), n, atol=0.03)


def test_box_loses_only_its_edges() -> None:
    assert surface_area(np.ones((40, 40, 40), bool)) == pytest.approx(9600, rel=0.025)


def test_area_scales_with_the_voxel_size(make_ellipsoid) -> None:
    mask = make_ellipsoid((24, 24, 24), (12, 12, 12), (9, 9, 9))
    assert surface_area(mask, (0.2, 0.2, 0.2)) == pytest.approx(0.04 * surface_area(mask))


def test_a_cut_adds_no_area(make_ellipsoid) -> None:
    whole = make_ellipsoid((42, 42, 42), (20.5, 20.5, 20.5), (18, 18, 18))
    half = surface_area(whole[21:], is_cut=True)
    assert half == pytest.approx(2 * np.pi * 18**2, rel=0.02)
    assert surface_area(whole[21:]) == pytest.approx(3 * np.pi * 18**2, rel=0.03)


def test_nothing_has_no_surface() -> None:
    assert surface_area(np.zeros((4, 4, 4), bool)) == 0
