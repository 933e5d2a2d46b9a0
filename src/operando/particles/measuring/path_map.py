"""Electron paths of all particles of a frame as a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.particles.labels.arrays import check_ids
from operando.particles.labels.names import numbered
from operando.particles.measuring.contact import find_contacts, roles_of
from operando.particles.measuring.electrons import entrances, measure_electrons
from operando.particles.measuring.scene import make_scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.settings import MeasureSettings, PhaseLabels


def electron_paths(
    ids: NDArray[Any],
    phases: NDArray[Any],
    *,
    phase: int,
    labels: PhaseLabels | None = None,
    probabilities: Any | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: MeasureSettings | None = None,
    progress: ProgressCallback | None = None,
) -> NDArray[np.float32]:
    """Length of the way of electrons to every voxel of the particles.

    Parameters
    ----------
    ids, phases, phase, labels, probabilities, spacing, settings, progress
        As in `operando.particles.measure`; `phases` are labels.

    Returns
    -------
    ``(Z, Y, X)`` µm; infinite where no path leads, NaN in cracks and outside particles. Follow one
    path with `operando.particles.measuring.paths.path_line`.

    Raises
    ------
    InputError
        If the volumes do not fit together or the phases are a mask, which knows no binder.
    """
    from scipy.ndimage import find_objects

    if phases.dtype == bool:
        raise InputError("A mask does not tell where binder is", "give labels of phases")
    ids, _ = numbered(check_ids(ids))
    scene = make_scene(
        ids,
        phases,
        spacing=spacing,
        phase=phase,
        labels=labels,
        probabilities=probabilities,
        settings=settings,
    )
    boxes = [(i, b) for i, b in enumerate(find_objects(scene.ids), start=1) if b is not None]
    watch = Stopwatch(progress, len(boxes), "particles", "Finding electron paths")
    out = np.full(scene.ids.shape, np.nan, np.float32)
    for label, box in boxes:
        body = scene.body(label, box)
        roles = roles_of(body, phases[body.box], phase, scene.labels)
        reach = scene.settings.contact_reach
        contacts = find_contacts(body, roles, reach, scene.likely(body))
        doors = entrances(body, contacts, scene.settings, scene.ids.shape)
        _, lengths = measure_electrons(body, doors, known=True)
        if lengths is not None:
            out[body.box][body.core] = lengths[body.core]
        watch.advance()
    return out
