"""What the surface of a particle faces, and how far it has come off the binder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.surface import Faces
    from operando.particles.measuring.body import Body
    from operando.particles.settings import PhaseLabels


class Role(IntEnum):
    """What a voxel beside a particle is to it."""

    UNKNOWN = 0
    PORE = 1
    BINDER = 2
    COLLECTOR = 3
    PARTICLE = 4


@dataclass(frozen=True)
class Contacts:
    """What every face of a particle's surface looks at.

    Parameters
    ----------
    faces
        The surface.
    roles
        ``(N,)`` values of `Role`.
    neighbours
        ``(N,)`` id of the particle that a face looks at, 0 for none.
    seen
        ``(N, 3)`` voxels ``(z, y, x)`` that tell what touches a face.
    """

    faces: Faces
    roles: NDArray[np.uint8]
    neighbours: NDArray[np.int32]
    seen: NDArray[np.int32]

    def area(self, role: Role) -> float:
        """Area that faces a role."""
        return float(self.faces.area[self.roles == role].sum())


def roles_of(
    body: Body, phases: NDArray[Any] | None, phase: int | None, labels: PhaseLabels
) -> NDArray[np.uint8]:
    """Tell what every voxel of a crop is to its particle.

    Particle is every other particle, and solid of the particles' phase that has no id.
    """
    roles = np.zeros(body.ids.shape, np.uint8)
    if phases is not None and phase is not None:
        known = ((Role.PORE, labels.pore), (Role.BINDER, labels.binder))
        for role, label in (*known, (Role.COLLECTOR, labels.collector)):
            if label is not None:
                roles[phases == label] = role
        roles[phases == phase] = Role.PARTICLE
    roles[body.ids > 0] = Role.PARTICLE
    return roles


def find_contacts(
    body: Body,
    roles: NDArray[np.uint8],
    reach: float = 0.0,
    likely: NDArray[np.float32] | None = None,
) -> Contacts:
    """Find what a particle faces.

    The voxel at a face lies in the blur of the image, where what is between particle and pore has
    the grey level of binder. Where probabilities are known, it or the next one straight out of the
    surface tells pore from binder, whichever is surer.

    Parameters
    ----------
    body
        With a margin of at least the reach.
    roles
        From `roles_of`.
    reach
        µm; binder, collector or another particle behind a pore within this distance, straight out
        of the surface, counts as faced. 0: what touches.
    likely
        ``(2, Z, Y, X)`` probabilities of pore and binder in the crop, if known.
    """
    faces = body.faces
    seen = faces.outside if likely is None else _surest(body, roles, likely)
    found, neighbours = roles[tuple(seen.T)], body.ids[tuple(faces.outside.T)]
    step = min(body.spacing)
    shape = np.array(roles.shape) - 1
    pore_so_far = found == Role.PORE
    for distance in np.arange(step, reach + step / 2, step):
        beyond = faces.outside + np.rint(faces.normal * (distance / np.asarray(body.spacing)))
        at = tuple(np.clip(beyond, 0, shape).astype(int).T)
        role, particle = roles[at], body.ids[at]
        hit = pore_so_far & (role > Role.PORE) & (particle != body.label)
        found[hit], neighbours[hit] = role[hit], particle[hit]
        pore_so_far &= role == Role.PORE
    return Contacts(faces, found, neighbours, seen)


def _surest(body: Body, roles: NDArray[np.uint8], likely: NDArray[np.float32]) -> NDArray[np.int32]:
    """Find the voxel, at each face or next to that, which is surest to be pore or binder."""
    at_face = body.faces.outside
    out = body.faces.normal / np.asarray(body.spacing, np.float32)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
    beyond = np.clip(at_face + np.rint(out), 0, np.array(roles.shape) - 1).astype(np.int32)
    here, there = tuple(at_face.T), tuple(beyond.T)
    open_here, open_there = (np.isin(roles[at], (Role.PORE, Role.BINDER)) for at in (here, there))
    sure = likely.max(axis=0)
    farther = open_here & open_there & (sure[there] > sure[here])
    return np.where(farther[:, None], beyond, at_face)


def measure_contact(contacts: Contacts, labels: PhaseLabels, cut: float) -> dict[str, float]:
    """Columns of contact areas.

    Parameters
    ----------
    contacts
        Of one particle.
    labels
        Of the phases that there are: how much faces another one is not known.
    cut
        Area of the faces at the image border.
    """

    def facing(role: Role, label: int | None) -> float:
        return float("nan") if label is None else contacts.area(role)

    pore, binder = facing(Role.PORE, labels.pore), facing(Role.BINDER, labels.binder)
    others = np.unique(contacts.neighbours[contacts.neighbours > 0])
    return {
        "facing_pore_um2": pore,
        "facing_binder_um2": binder,
        "facing_particles_um2": contacts.area(Role.PARTICLE),
        "facing_collector_um2": facing(Role.COLLECTOR, labels.collector),
        "cut_um2": cut,
        "detachment": pore / (pore + binder) if pore + binder > 0 else float("nan"),
        "coordination": float(len(others)),
    }


def detachment_error(
    contacts: Contacts,
    likely: NDArray[np.float32],
    patch: float,
) -> float:
    """Estimate how far the detachment is off (root mean square), from the phase probabilities.

    Every face is pore with the odds of the two probabilities in the voxel that tells. Errors of a
    segmentation come in patches: faces within one are taken to be right or wrong together. What
    these odds lead to expect may also differ from what the labels say, which take all that is more
    likely than not for sure; and so may what the voxels right at the faces say, as the whole
    segmentation may lean to one side there.

    Parameters
    ----------
    contacts
        Of one particle.
    likely
        As in `find_contacts`.
    patch
        Edge of a patch, µm.
    """
    here = np.isin(contacts.roles, (Role.PORE, Role.BINDER))
    area = contacts.faces.area[here]
    if area.sum() == 0:
        return float("nan")
    weight = area / area.sum()
    pore, binder = likely[(slice(None), *contacts.seen[here].T)].astype(float)
    total = pore + binder
    share = np.where(total > 0, pore / np.where(total > 0, total, 1), 0.5)
    together = max(1.0, patch**2 / float(area.mean()))
    spread = np.sqrt((weight**2 * share * (1 - share)).sum() * together)
    is_pore = contacts.roles[here] == Role.PORE
    at_face = contacts.faces.outside[here]
    pore, binder = likely[(slice(None), *at_face.T)]
    farther = (contacts.seen[here] != at_face).any(axis=1)
    offset = weight @ (is_pore - share)
    shift = weight @ (farther * (is_pore.astype(float) - (pore > binder)))
    return float(np.linalg.norm([min(0.5, spread), offset, shift]))
