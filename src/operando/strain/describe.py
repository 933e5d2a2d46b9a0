"""What a run found by itself, in plain numbers and one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.displacement import NodeStatus
from operando.strain.reading.rigid_motion import fit_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.field.verdict import Verdict
    from operando.strain.grid.guess import Guess
    from operando.strain.windows.solution import Solution


def describe(
    centres: NDArray[np.int64],
    verdict: Verdict,
    solution: Solution,
    guess: Guess,
    spacing: tuple[int, int, int],
    window: tuple[int, int, int],
) -> dict[str, Any]:
    """Everything worth telling about a run, as plain numbers.

    Returns
    -------
    gauge_length
        Length over which a strain averages, voxels (z, y, x).
    coarse_shift, coarse_zncc
        Shift of the volume's centre found by registration, voxels, and how well it correlates.
    rotation_deg, stretch
        Rigid rotation and uniform stretch of the whole, fitted to the valid nodes.
    displacement_noise
        Predicted standard deviation at a typical node, voxels.
    noise_inflation
        Variance of a displacement over what noise that is independent from voxel to voxel would
        give it; more than 1 where a filter, binning or the detector makes neighbours alike.
    snr, texture_width
        Grey texture over grey noise (standard deviations); width of the texture's details, voxels
        (z, y, x), from the ratio of grey values to their derivatives.
    quadratic_share, mean_iterations, valid_share, status_counts
        How the nodes fared.
    sentence
        The gist.
    """
    valid = verdict.sound
    sigma = np.sqrt(verdict.variance[valid])
    noise = float(np.median(sigma)) if valid.any() else float("nan")
    gauge = tuple(2 * s + w for s, w in zip(spacing, window, strict=True))
    info: dict[str, Any] = {
        "gauge_length": gauge,
        "coarse_shift": tuple(float(v) for v in guess.affine.translation),
        "coarse_zncc": float(guess.affine.zncc),
        "displacement_noise": noise,
        "valid_share": float(valid.mean()),
        "quadratic_share": float(np.mean(verdict.order[valid] == 2)) if valid.any() else 0.0,
        "mean_iterations": float(np.nansum(solution.iterations, axis=1).mean()),
        "status_counts": {s.name.lower(): int(np.sum(verdict.status == s)) for s in NodeStatus},
    }
    info |= _texture(solution, verdict, valid)
    if valid.sum() >= 4:
        motion = fit_motion(centres[valid], verdict.displacement[valid])
        info |= {"rotation_deg": motion.angle_deg, "stretch": motion.stretch}
    info["sentence"] = (
        f"{valid.sum()} of {len(valid)} nodes valid, predicted noise {noise:.4f} voxel, "
        f"strain gauge {' x '.join(str(g) for g in gauge)} voxels"
    )
    return info


def _texture(
    solution: Solution, verdict: Verdict, valid: NDArray[np.bool_]
) -> dict[str, float | tuple[float, ...]]:
    """Signal to noise ratio and the width of details where the nodes are valid."""
    if not valid.any():
        return {"snr": float("nan"), "texture_width": (float("nan"),) * 3}
    grey, noise = solution.contrast[valid, 0], verdict.noise[valid]
    texture = np.maximum(grey - noise, 1e-12)
    slopes = np.maximum(solution.contrast[valid, 1:] - 1.17 * noise[:, None], 1e-12)
    # a Gaussian autocorrelation of standard deviation s has slopes of variance 1 / s**2
    width = 2.3548 * np.median(np.sqrt(texture[:, None] / slopes), axis=0)
    return {
        "snr": float(np.median(np.sqrt(texture / np.maximum(noise, 1e-12)))),
        "texture_width": tuple(float(w) for w in width),
    }
