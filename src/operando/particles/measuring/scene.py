"""What the particles of one frame are measured from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.surface import reach_of
from operando.data.given import as_settings
from operando.errors import InputError
from operando.particles.labels.arrays import check_ids, check_same_shape, check_spacing, solid_of
from operando.particles.measuring.body import Body, cut_out
from operando.particles.measuring.grey import GreyScale, grey_scale
from operando.particles.settings import MeasureSettings, PhaseLabels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What one frame's particles are measured from.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``.
    phases, solid, image
        ``(Z, Y, X)``, as far as known.
    phase
        Label of the particles.
    labels
        What the other labels mean; nothing for a mask.
    probabilities
        ``(K, Z, Y, X)`` of every class in the order of the labels from 1, if known.
    scale
        Of the grey levels, if both reference phases are there.
    spacing
        ``(z, y, x)``, µm.
    settings
        Definitions.
    """

    ids: NDArray[np.int32]
    phases: NDArray[Any] | None
    solid: NDArray[np.bool_] | None
    image: NDArray[Any] | None
    phase: int | None
    labels: PhaseLabels
    probabilities: Any | None
    scale: GreyScale | None
    spacing: tuple[float, float, float]
    settings: MeasureSettings

    @property
    def margin(self) -> int:
        """Voxels around a particle that its measures look at."""
        reach = self.settings.contact_reach / min(self.spacing)
        return max(*reach_of(self.spacing), int(np.ceil(reach)) + 1)

    @cached_property
    def unseen(self) -> NDArray[np.bool_] | None:
        """``(Z, Y, X)`` what was not imaged, NaN in the image; None if all was."""
        if self.image is None or self.image.dtype.kind != "f":
            return None
        gaps = ~np.isfinite(self.image)
        return gaps if gaps.any() else None

    def body(self, label: int, box: Box) -> Body:
        """Cut a particle out."""
        return cut_out(label, box, self.ids, self.solid, self.spacing, self.margin, self.unseen)

    def likely(self, body: Body) -> NDArray[np.float32] | None:
        """Probabilities ``(2, Z, Y, X)`` of pore and binder in the crop of a body, if known."""
        pore, binder = self.labels.pore, self.labels.binder
        if self.probabilities is None or not pore or not binder:
            return None
        return np.stack([self.probabilities[(k - 1, *body.box)] for k in (pore, binder)])


def make_scene(
    ids: NDArray[Any],
    phases: NDArray[Any] | None = None,
    *,
    image: NDArray[Any] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    phase: int | None = None,
    labels: PhaseLabels | None = None,
    probabilities: Any | None = None,
    settings: MeasureSettings | None = None,
    scale: GreyScale | None = None,
) -> Scene:
    """Check what a frame is measured from; see `measure`."""
    ids = check_ids(ids)
    solid = None
    if phases is not None:
        phases = check_same_shape(phases, ids, "The phases")
        phase = _phase_of(ids, phases) if phase is None else phase
        solid = solid_of(phases, phase)
    if phases is None or phases.dtype.kind == "b":
        phase = None
    labels = _labels_beside(phase, labels)
    if probabilities is not None and probabilities.shape[1:] != ids.shape:
        raise InputError(
            f"Probabilities of the shape {probabilities.shape} for ids of {ids.shape}",
            "give one volume per class of the same frame",
        )
    if image is not None:
        image = _check_image(image, ids)
        if scale is None and phases is not None:
            scale = grey_scale(image, phases, labels.grey_low, labels.grey_high)
    return Scene(
        ids=ids,
        phases=phases,
        solid=solid,
        image=image,
        phase=phase,
        labels=labels,
        probabilities=probabilities,
        scale=scale,
        spacing=check_spacing(spacing),
        settings=as_settings(MeasureSettings, settings),
    )


def _labels_beside(phase: int | None, labels: PhaseLabels | None) -> PhaseLabels:
    """Tell what labels mean beside that of the particles; nothing if that is not known.

    Its grey level may be a reference all the same, where that was asked for.
    """
    if phase is None:
        return PhaseLabels(**dict.fromkeys(PhaseLabels.model_fields))
    may_be = () if labels is None else ("grey_low", "grey_high")
    named = dict(labels or PhaseLabels())
    own = {name: None for name, label in named.items() if label == phase and name not in may_be}
    return PhaseLabels(**named | own)


def _phase_of(ids: NDArray[np.int32], phases: NDArray[Any]) -> int | None:
    """Label that most voxels of particles have; None for a mask."""
    if phases.dtype.kind not in "ui" or phases.max() <= 1:
        return None
    labels, counts = np.unique(phases[ids > 0] if ids.any() else phases, return_counts=True)
    return int(labels[counts.argmax()])


def _check_image(image: NDArray[Any], ids: NDArray[np.int32]) -> NDArray[Any]:
    image = check_same_shape(image, ids, "The image")
    if image.dtype.kind not in "biuf":
        raise InputError(
            f"Voxels of type {image.dtype} are no grey values",
            "convert the image to integers or real numbers",
        )
    return image
