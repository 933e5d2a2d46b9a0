"""What is told about the motion of every particle, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.strain.particles.motion_models import MODELS, rotation_vector

if TYPE_CHECKING:
    import pandas as pd

    from operando.strain.particles.body import Body
    from operando.strain.particles.motion_models import BodyMotion

COLUMNS = [
    "particle",
    "voxels",
    *(f"centre_{k}" for k in "zyx"),
    *(f"u_{k}" for k in "zyx"),
    *(f"sigma_u_{k}" for k in "zyx"),
    *(f"rotation_{k}" for k in "zyx"),
    "rotation_deg",
    "sigma_rotation_deg",
    "volume_ratio",
    "sigma_volume_ratio",
    "zncc",
    "residual_ratio",
    "model",
    "status",
]
_LOST_ZNCC, _CHANGED = 0.5, 2.5
_LEFT = 3
"""Code of a solver that saw too little of a particle, see `operando.strain.windows.kernels`."""


def motion_table(
    bodies: list[Body], found: list[BodyMotion], largest_rotation_error: float
) -> pd.DataFrame:
    """One row a particle, see `operando.strain.correlate_particles`."""
    import pandas as pd

    noise = np.array([f.numbers[f.model, 4] for f in found])
    usual = float(np.nanmedian(noise)) if np.isfinite(noise).any() else 1.0
    rows = [_row(b, f, usual, largest_rotation_error) for b, f in zip(bodies, found, strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(body: Body, found: BodyMotion, usual: float, largest: float) -> dict[str, Any]:
    c, numbers = found.motion[found.model], found.numbers
    row: dict[str, Any] = {"particle": body.number, "voxels": body.voxels}
    row |= {f"centre_{k}": v for k, v in zip("zyx", body.centroid, strict=True)}
    zncc = found.zncc
    left = (numbers[:, 0] == _LEFT).any()
    if left or numbers[found.model, 0] != 0 or zncc < _LOST_ZNCC:
        return row | {"zncc": zncc, "status": "lost"}
    gradient = c[:, 1:4] / body.half
    u = c[:, 0] + gradient @ (body.centroid - body.centre)
    row |= {f"u_{k}": v for k, v in zip("zyx", u, strict=True)}
    errors = found.errors
    row |= {f"sigma_u_{k}": v for k, v in zip("zyx", errors.sigma, strict=False)}
    turning, turn_error = max(found.model, 1), float(np.degrees(errors.sigma[3]))
    if numbers[turning, 0] == 0 and turn_error < largest:
        turned = body.physical(found.motion[turning][:, 1:4] / body.half)
        vector = rotation_vector(turned)
        row |= {f"rotation_{k}": v for k, v in zip("zyx", np.degrees(vector), strict=True)}
        row |= {"rotation_deg": float(np.degrees(np.linalg.norm(vector)))}
        row |= {"sigma_rotation_deg": turn_error}
    swelling = max(found.model, 2)
    if numbers[swelling, 0] == 0:
        f = np.eye(3) + found.motion[swelling][:, 1:4] / body.half
        row["volume_ratio"] = float(np.linalg.det(f)) * (1 - errors.brightened)
        row["sigma_volume_ratio"] = row["volume_ratio"] * errors.sigma[4]
    ratio = float(numbers[found.model, 4] / usual)
    return row | {
        "zncc": zncc,
        "residual_ratio": ratio,
        "model": MODELS[found.model],
        "status": "changed" if ratio > _CHANGED else "followed",
    }
