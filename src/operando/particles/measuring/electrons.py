"""Ways of electrons into one particle [Jiang et al., Nat. Commun. 11 (2020) 2310, note 3].

Electrons enter where the solid touches binder or current collector (and, if so set, another
particle), and travel inside the solid; cracks and pores block. A cut at the image border lets none
in, unless the electrode is said to end there at the collector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.particles.measuring.contact import Role
from operando.particles.measuring.paths import behind, path_lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.measuring.body import Body
    from operando.particles.measuring.contact import Contacts
    from operando.particles.settings import MeasureSettings


def entrances(
    body: Body,
    contacts: Contacts,
    settings: MeasureSettings,
    frame_shape: tuple[int, ...],
) -> NDArray[np.float32]:
    """Find the voxels of the solid at which electrons enter.

    Returns
    -------
    ``(Z, Y, X)`` in the crop: distance of their centres from the contact, µm; infinite elsewhere.
    """
    let_in = [Role.BINDER, Role.COLLECTOR]
    if settings.through_particles:
        let_in.append(Role.PARTICLE)
    doors = behind(contacts.faces.where(np.isin(contacts.roles, let_in)), body.mask.shape)
    if settings.collector_there:
        axis, end = settings.collector_end
        at_border = body.box[axis].start == 0 if end == 0 else None
        if end == -1:
            at_border = body.box[axis].stop == frame_shape[axis]
        if at_border:
            side: list[slice | int] = [slice(None)] * 3
            side[axis] = end
            doors[tuple(side)] = body.spacing[axis] / 2
    return np.where(body.core, doors, np.float32(np.inf))


def measure_electrons(
    body: Body, doors: NDArray[np.float32], *, known: bool
) -> tuple[dict[str, float], NDArray[np.float32] | None]:
    """Columns of electron paths, and the map of their lengths in the crop.

    The ratio compares the mean path with that of the same particle without cracks and attached all
    round.
    """
    names = ("path_mean_um", "path_max_um", "path_ratio", "unconnected_fraction")
    out = dict.fromkeys(names, float("nan"))
    if not known or not body.core.any():
        return out, None
    lengths = path_lengths(body.core, np.isfinite(doors), body.spacing, doors)
    inside = lengths[body.core]
    reached = inside[np.isfinite(inside)]
    out["unconnected_fraction"] = 1 - reached.size / inside.size
    if reached.size:
        mean = float(reached.mean(dtype=float))
        whole = float(body.depth[body.mask].mean(dtype=float))
        out |= {"path_mean_um": mean, "path_max_um": float(reached.max())}
        out["path_ratio"] = mean / whole if 0 < whole < np.inf else float("nan")
    return out, lengths
