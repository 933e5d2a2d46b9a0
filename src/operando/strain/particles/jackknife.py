"""Errors of the motion of one particle: blocks of its voxels are left out in turn.

Noise that neighbouring voxels share, surroundings that do not move with the particle, and insides
that crack leave grey values unexplained that go together over some voxels. How far the motion
changes without one block of voxels tells what all of them do: the delete-a-block jackknife
(Künsch, Ann. Stat. 17 (1989) 1217) of least squares that are linear about the motion found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.strain.particles.body import MARGIN
from operando.strain.particles.kernels import SWELLING, increments
from operando.strain.particles.motion_models import UNKNOWN, MotionErrors
from operando.strain.particles.rim import moved_grey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.particles.body import Body
    from operando.strain.particles.motion_models import BodyMotion
    from operando.strain.volumes.frames import Frames

_BLOCKS = 3
"""Along an axis."""
_TAPS = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
"""The derivative that the solver takes."""
_BLUR = 1.2
"""Of the border of a particle in smoothed volumes, voxels."""
_RIDGE = 1e-9
_MOST = 0.8
"""Share of what tells of a motion that may be noise."""
_PLACES = (13, 14, 15)
"""Columns that only the noise of derivatives needs."""
_ONE, _GREY, _LIFT = 0, 1, 2
"""Columns after those of the motion; deformed grey values are the last."""
_SURE = 3.0
"""Standard deviations of a volume from which on a change of brightness is believed."""
_UNCERTAIN = 0.1
"""Share of what a change of brightness does to a volume that is not known."""


def motion_errors(body: Body, raw: Frames, soft: Frames, found: BodyMotion) -> MotionErrors:
    """Errors of the motion that was found, see `operando.strain.particles.follow`.

    Parameters
    ----------
    body
        The voxels that the motion was found from.
    raw, soft
        Frames that the shift and that rotation and swelling were found in.
    found
        What the solver found; NaN is told where it found nothing.
    """
    motion = found.motion[found.model]
    if not np.isfinite(motion).all():
        return UNKNOWN
    model = max(found.model, SWELLING)
    sums = [_sums_without_blocks(body, frames, motion) for frames in (soft, raw)]
    plain, lifted = (_changes(body, sums, model, brightness) for brightness in (False, True))
    spread, seeming = _spread(plain), float((lifted - plain)[-1, 6])
    sure = abs(seeming) > _SURE * spread[6]
    spread[6] = np.hypot(_spread(lifted)[6], (_UNCERTAIN if sure else 1.0) * seeming)
    white = _white(body, sums[1][-1], model)
    return MotionErrors(_as_five(spread), _as_five(white), seeming if sure else 0.0)


def steadied(found: list[BodyMotion]) -> list[BodyMotion]:
    """Give every particle the mean of its own variances and those that all tell for it.

    A few blocks tell little about one particle; how far noise goes together is much the same for
    all. What all tell is the median ratio to the errors that white noise would make.
    """
    ratios = np.array([f.errors.sigma / f.errors.white for f in found]).reshape(-1, 5)
    known = ratios[np.isfinite(ratios).all(axis=1)]
    if len(known) == 0:
        return found
    usual = np.median(known, axis=0)
    out = []
    for one in found:
        sigma = np.hypot(one.errors.sigma, usual * one.errors.white) / np.sqrt(2)
        out.append(replace(one, errors=one.errors._replace(sigma=sigma)))
    return out


def _as_five(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors of shift (3), of the rotation as a whole, and of the volume."""
    return np.array([*values[:3], np.linalg.norm(values[3:6]), values[6]])


def _spread(changes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jackknife's standard deviation of ``(blocks + 1, ...)`` values, of which the last has all."""
    parts = changes[:-1]
    if len(parts) < 2:
        return np.full(changes.shape[1:], np.nan)
    deviation = parts - parts.mean(axis=0)
    return np.asarray(np.sqrt((deviation**2).sum(axis=0) * (len(parts) - 1) / len(parts)))


def _white(body: Body, sums: NDArray[np.float64], model: int) -> NDArray[np.float64]:
    """Errors ``(7,)`` as in `_changes` that white noise makes, from ``(16, 16)`` sums."""
    basis = increments(body.half, body.size, model)
    freedom = basis.shape[1]
    normal = _in_basis(sums[None], basis)
    known = [*range(freedom), freedom + _ONE, freedom + _GREY]
    moved = normal[0, :, -1]
    right = np.column_stack([moved, np.eye(len(moved))[:, :freedom]])
    solved = _solve(normal, known, right[None])[0]
    left = max((moved[-1] - solved[:, 0] @ moved[known]) / normal[0, freedom, freedom], 0.0)
    read = _read_out(body) @ basis
    return np.asarray(np.sqrt(left * np.diag(read @ solved[:freedom, 1:] @ read.T)) / solved[-1, 0])


def _changes(
    body: Body, sums: list[NDArray[np.float64]], model: int, brightness: bool
) -> NDArray[np.float64]:
    """Return the steps from the motion found to that without each block, and with all.

    Parameters
    ----------
    sums
        ``(blocks + 1, 16, 16)`` of the smoothed and the raw frames, see `_sums_without_blocks`.
    model
        Freedom of the motion.
    brightness
        Whether the particle may have a brightness of its own.

    Returns
    -------
    ``(blocks + 1, 7)``: shift of the centroid (voxels), rotation (radians), relative volume.
    """
    basis = increments(body.half, body.size, model)
    freedom = basis.shape[1]
    shifts = np.flatnonzero(basis[[0, 4, 8]].any(axis=0))
    turns = np.setdiff1d(np.arange(freedom), shifts)
    soft, raw = (_in_basis(s, basis) for s in sums)
    offsets = freedom + np.arange(_LIFT + 1 if brightness else _LIFT)
    found = _solve(soft, np.r_[:freedom, offsets], soft[..., -1:])[..., 0]
    gain = found[:, freedom + _GREY, None]
    steps = found[:, :freedom] / gain
    turned = np.einsum("bij,bj->bi", raw[:, :, turns], gain * steps[:, turns])
    again = _solve(raw, np.r_[shifts, offsets], (raw[..., -1] - turned)[..., None])
    steps[:, shifts] = again[:, :3, 0] / gain
    return np.asarray(steps @ (_read_out(body) @ basis).T)


def _in_basis(sums: NDArray[np.float64], basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put the increments ``(12, freedom)`` of a model in the place of the first twelve columns."""
    freedom = basis.shape[1]
    change = np.zeros((16, freedom + 4))
    change[:12, :freedom], change[12:, freedom:] = basis, np.eye(4)
    return np.asarray(change.T @ sums @ change)


def _solve(
    matrix: NDArray[np.float64], unknown: NDArray[Any] | list[int], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve ``(blocks, K, K)`` normal equations for some unknowns; targets ``(blocks, K, R)``."""
    square = matrix[:, unknown][:, :, unknown]
    scale = np.sqrt(np.maximum(np.einsum("bii->bi", square), 1e-30))
    square = square / (scale[:, :, None] * scale[:, None, :]) + _RIDGE * np.eye(len(unknown))
    solved = np.linalg.solve(square, target[:, unknown] / scale[..., None])
    return np.asarray(solved / scale[..., None])


def _read_out(body: Body) -> NDArray[np.float64]:
    """Shift of the centroid, rotation and relative volume in affine increments, ``(7, 12)``."""
    out = np.zeros((7, 12))
    away = (body.centroid - body.centre) / body.half
    for axis in range(3):
        out[axis, 4 * axis : 4 * axis + 4] = 1.0, *away
        i, j = (axis + 1) % 3, (axis + 2) % 3
        for sign, row, column in ((0.5, j, i), (-0.5, i, j)):
            length = body.size[row] / body.size[column] / body.half[column]
            out[3 + axis, 4 * row + 1 + column] = sign * length
        out[6, 5 * axis + 1] = 1 / body.half[axis]
    return out


def _sums_without_blocks(
    body: Body, frames: Frames, motion: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Add up products of columns over all voxels but those of each block, and over all.

    Noise of the reference in its derivatives makes motion look more certain than it is; what it
    adds is taken off, as far as a fifth of what tells of any motion stays.

    Returns
    -------
    ``(blocks + 1, 16, 16)``. Columns are the twelve of an affine motion, the constant, grey values
    of the reference, the particle against its surroundings, and deformed grey values.
    """
    from scipy.ndimage import correlate1d, gaussian_filter

    inner = (slice(MARGIN, -MARGIN),) * 3
    box = tuple(
        slice(c - h - MARGIN, c + h + MARGIN + 1)
        for c, h in zip(body.centre, body.half, strict=True)
    )
    around = frames.reference[box]
    own = (body.mask[inner] > 0) & ~body.rim
    moved = moved_grey(frames, body, motion)
    used = (body.mask[inner] > 0) & np.isfinite(moved)
    if frames.mask.size:
        used &= frames.mask[box][inner] > 0
    places = np.argwhere(used)
    block = (places * _BLOCKS // used.shape) @ [_BLOCKS**2, _BLOCKS, 1]
    order = np.argsort(block, kind="stable")
    scaled = np.column_stack([np.ones(len(places)), (places - body.half) / body.half])
    slopes = [correlate1d(around, _TAPS, axis)[inner][used][:, None] * scaled for axis in range(3)]
    lift = gaussian_filter(own.astype(np.float32), _BLUR)
    greys = (v[used][:, None] for v in (around[inner], lift, moved))
    table = np.concatenate([*slopes, scaled, *greys], axis=1)[order]
    parts = np.split(table, np.cumsum(np.bincount(block))[:-1])
    sums = np.array([*(part.T @ part for part in parts if len(part)), np.zeros((19, 19))])
    sums = sums.sum(axis=0) - sums
    sums[:, :12, :12] -= _slope_noise(sums[-1], frames) * np.kron(np.eye(3), sums[:, 12:16, 12:16])
    return np.asarray(np.delete(np.delete(sums, _PLACES, axis=1), _PLACES, axis=2))


def _slope_noise(total: NDArray[np.float64], frames: Frames) -> float:
    """Variance of the noise in derivatives of the reference, from sums over all voxels."""
    known = [*range(13), 16, 17]
    fit = np.linalg.lstsq(total[np.ix_(known, known)], total[known, -1], rcond=1e-12)[0]
    left = max(total[-1, -1] - fit @ total[known, -1], 0.0) / max(total[12, 12], 1.0)
    # of noise that a Gaussian smoothed, whose width the volume of common noise tells
    share = min(float((_TAPS**2).sum()), 2 * np.pi / frames.noise_volume ** (2 / 3))
    greys = known[12:]
    besides, grey = total[greys, :12], total[np.ix_(greys, greys)]
    stiffness = total[:12, :12] - besides.T @ np.linalg.pinv(grey, hermitian=True) @ besides
    noise = np.kron(np.eye(3), total[12:16, 12:16])
    most = np.abs(np.linalg.eigvals(np.linalg.pinv(stiffness, hermitian=True) @ noise)).max()
    return float(min(share * left / (1 + fit[13] ** 2), _MOST / max(most, 1e-30)))
