"""How a phase hangs together: percolation, clusters, Euler number and surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.compute.progress import Stopwatch
from operando.compute.surface import LONGEST, faces_of
from operando.errors import InputError
from operando.segment.phases.pieces import SLAB, Pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.compute.tiles import Box

_NOT_IMAGED = 2
DOUBT = 0.25
"""A phase less probable than this is ruled out in the most connected reading; one more probable
than 1 - this is certain in the least connected one."""

Reading = Literal["labels", "least", "most"]
READINGS: tuple[Reading, ...] = ("labels", "least", "most")


@dataclass(frozen=True)
class Connectivity:
    """How one phase of one frame hangs together, through the faces of voxels.

    Parameters
    ----------
    voxels
        Of the phase.
    percolating
        ``(z, y, x)`` share of the phase in clusters that reach from the first to the last slice
        along the axis; NaN without a voxel, and along an axis of one voxel.
    clusters
        How many there are.
    isolated
        Clusters that touch no side of the volume, nor what was not imaged: they may go on there.
    isolated_share
        Share of the phase in them; NaN without a voxel.
    euler
        Euler number: clusters less tunnels plus cavities, of the piece as it is cut.
    surface
        Area of the phase towards everything else, in the unit of the spacing squared; cuts by the
        sides of the volume, and borders with what was not imaged (label 0), are no surface.
    """

    voxels: int
    percolating: tuple[float, float, float]
    clusters: int
    isolated: int
    isolated_share: float
    euler: int
    surface: float


def measure_connectivity(
    labels: Any,
    probabilities: Any = None,
    *,
    n_classes: int,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    box: Box | None = None,
    progress: ProgressCallback | None = None,
) -> list[dict[Reading, Connectivity]]:
    """Measure every phase as labelled, and in its least and most connected reading.

    The most connected reading holds the voxels of the label and those where the phase is at least
    `DOUBT` probable; the least connected one holds the voxels of the label where it is at least
    1 - `DOUBT` probable. Volume and a percolating volume can only grow from the least to the most
    connected reading; shares, counts and surface need not, so take their range over all three. The
    range is no confidence interval. Only a slab of the volume is in memory at a time.

    Parameters
    ----------
    labels
        ``(Z, Y, X)``, 1..K, 0 where nothing was imaged; may lie on disk.
    probabilities
        ``(K, Z, Y, X)`` uint8, 0 to 255; None gives only the reading of the labels.
    n_classes
        K.
    spacing
        Voxel ``(z, y, x)``, µm.
    box
        Part to measure, such as the `labelled_box` of a frame that does not fill the volume.
    progress
        Called after every phase and reading.

    Returns
    -------
    One entry per class, by reading.

    Raises
    ------
    InputError
        If the probabilities are not those of the labels.
    """
    if probabilities is not None and probabilities.shape != (n_classes, *labels.shape):
        raise InputError(
            f"Probabilities of {tuple(probabilities.shape)} for {n_classes} classes on "
            f"{tuple(labels.shape)} voxels",
            "give those that belong to the labels",
        )
    readings = READINGS if probabilities is not None else READINGS[:1]
    box = box or tuple(slice(0, n) for n in labels.shape)
    watch = Stopwatch(progress, n_classes * len(readings), "readings", "Connectivity")
    found: list[dict[Reading, Connectivity]] = []
    for k in range(n_classes):
        phase: dict[Reading, Connectivity] = {}
        for reading in readings:
            seen = _Phase(labels, probabilities, k, reading, box)
            phase[reading] = _measure(seen, spacing, lambda: watch.advance(0))
            watch.advance()
        found.append(phase)
    return found


def labelled_box(labels: Any) -> Box:
    """Smallest box that holds all labels ``(Z, Y, X)``; the whole volume if there are none.

    A frame that drifted and was aligned reaches no further: nothing was imaged around it.
    """
    sides = [np.zeros(n, bool) for n in labels.shape]
    for z in range(0, labels.shape[0], SLAB):
        there = np.asarray(labels[z : z + SLAB]) > 0
        sides[0][z : z + SLAB] = there.any(axis=(1, 2))
        sides[1] |= there.any(axis=(0, 2))
        sides[2] |= there.any(axis=(0, 1))
    found = [np.flatnonzero(side) for side in sides]
    return tuple(
        slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, len(side))
        for at, side in zip(found, sides, strict=True)
    )


def interface_areas(
    labels: Any, n_classes: int, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> NDArray[np.float64]:
    """Area between every two phases, ``(K, K)``, in the unit of the spacing squared.

    Symmetric; each is the mean of how the two phases see it. Read slab by slab.
    """
    area = np.zeros((n_classes + 1, n_classes + 1))
    for z in range(0, labels.shape[0], SLAB):
        low, near = _with_margin(z, labels.shape[0])
        block = np.asarray(labels[low:near])
        for k in range(1, n_classes + 1):
            faces = faces_of(block == k, spacing)
            faces = faces.where(_starts_in(faces, z - low))
            outside = block[tuple(faces.outside.T)]
            area[k] += np.bincount(outside, weights=faces.area, minlength=n_classes + 1)
    known = area[1:, 1:]
    return np.asarray((known + known.T) / 2)


class _Phase:
    """One phase in one reading, as an array ``(Z, Y, X)`` that is read by slices.

    It is 1 in the phase, 0 in others, and `_NOT_IMAGED` where there is no label.
    """

    def __init__(self, labels: Any, probabilities: Any, k: int, reading: Reading, box: Box) -> None:
        self._labels, self._probabilities = labels, probabilities
        self._k, self._reading = k, reading
        self._box = box
        self.shape: tuple[int, ...] = tuple(side.stop - side.start for side in box)

    def __getitem__(self, slices: slice) -> NDArray[np.uint8]:
        first, last, _ = slices.indices(self.shape[0])
        z, y, x = self._box
        box = (slice(z.start + first, z.start + last), y, x)
        labels = np.asarray(self._labels[box])
        there = labels == self._k + 1
        if self._reading != "labels":
            share = np.asarray(self._probabilities[(self._k, *box)])
            if self._reading == "most":
                there |= share >= DOUBT * 255
            else:
                there &= share >= (1 - DOUBT) * 255
        return np.where(labels > 0, there, _NOT_IMAGED).astype(np.uint8)


def _measure(
    phase: _Phase, spacing: tuple[float, float, float], on_slab: Callable[[], None]
) -> Connectivity:
    pieces = Pieces(phase, 1, not_imaged=_NOT_IMAGED, on_slab=on_slab)
    voxels = int(pieces.sizes.sum())
    if not voxels:
        nan = float("nan")
        return Connectivity(0, (nan, nan, nan), 0, 0, nan, 0, 0.0)
    through = pieces.sides[:, ::2] & pieces.sides[:, 1::2]
    z, y, x = (
        float(pieces.sizes[t].sum() / voxels) if n > 1 else float("nan")
        for t, n in zip(through.T, phase.shape, strict=True)
    )
    isolated = ~pieces.may_go_on
    share = float(pieces.sizes[isolated].sum() / voxels)
    euler, surface = _euler_and_surface(phase, spacing, on_slab)
    n = len(pieces.sizes)
    return Connectivity(voxels, (z, y, x), n, int(isolated.sum()), share, euler, surface)


def _euler_and_surface(
    phase: _Phase, spacing: tuple[float, float, float], on_slab: Callable[[], None]
) -> tuple[int, float]:
    euler, surface = 0, 0.0
    depth = phase.shape[0]
    for z in range(0, depth, SLAB):
        low, near = _with_margin(z, depth)
        values = phase[low:near]
        block = values == 1
        # Slabs share a slice, which is counted once.
        core = block[z - low : z - low + SLAB + 1]
        euler += _euler(core) - (_euler(core[-1:]) if z + SLAB < depth else 0)
        faces = faces_of(block, spacing)
        seen = values[tuple(faces.outside.T)] != _NOT_IMAGED
        surface += float(faces.area[_starts_in(faces, z - low) & seen].sum())
        on_slab()
    return euler, surface


def _euler(mask: NDArray[np.bool_]) -> int:
    """Euler number of voxels that hang together by faces: 0-, 1-, 2- and 3-cells of the grid."""
    total = 0
    for dz in range(min(2, mask.shape[0])):
        along_z = mask[1:] & mask[:-1] if dz else mask
        for dy in range(2):
            along_y = along_z[:, 1:] & along_z[:, :-1] if dy else along_z
            for dx in range(2):
                cells = along_y[:, :, 1:] & along_y[:, :, :-1] if dx else along_y
                total += (-1) ** (dz + dy + dx) * int(np.count_nonzero(cells))
    return total


def _with_margin(z: int, depth: int) -> tuple[int, int]:
    """Slices around a slab, with those that the normals of its faces are taken from."""
    return max(0, z - LONGEST), min(depth, z + SLAB + LONGEST + 1)


def _starts_in(faces: Any, first: int) -> NDArray[np.bool_]:
    """Faces whose first voxel along z lies in the slab."""
    z = np.minimum(faces.inside[:, 0], faces.outside[:, 0])
    return np.asarray((z >= first) & (z < first + SLAB))
