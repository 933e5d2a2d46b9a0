"""A displacement field on nodes: what digital volume correlation measures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.data.series import check_voxel_size
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

StrainMeasure = Literal["infinitesimal", "green-lagrange", "hencky"]


class NodeStatus(IntEnum):
    """What became of one node; ``valid`` nodes are CONVERGED or NARROWED.

    NARROWED is valid too, but measured in a narrower window: the motion varies too fast for the
    full one, as beside a crack.
    """

    CONVERGED = 0
    NOT_CONVERGED = 1
    LOW_CORRELATION = 2
    OUTLIER = 3
    NO_TEXTURE = 4
    OUTSIDE = 5
    NARROWED = 6


@dataclass(frozen=True, kw_only=True)
class DisplacementField:
    """Displacement from a reference to a deformed volume: ``deformed(X + u(X)) = reference(X)``.

    Parameters
    ----------
    positions
        ``(N, 3)`` node centres ``(z, y, x)`` in voxels of the reference, C order of the grid.
    displacement
        ``(N, 3)`` in voxels; NaN where nothing could be measured.
    gradient
        ``(N, 3, 3)``, ``gradient[n, i, j] = du_i / dX_j``, voxel per voxel.
    sigma
        ``(N, 3)`` predicted standard deviation of the displacement, voxels.
    zncc
        ``(N,)`` zero-normalised correlation coefficient, -1 to 1.
    status
        ``(N,)`` values of `NodeStatus`.
    grid_shape
        Nodes along z, y, x; their product is N.
    spacing
        Distance of neighbouring nodes ``(z, y, x)``, voxels.
    window
        Window edge ``(z, y, x)``, voxels.
    info
        What the run chose and found by itself (coarse motion, noise, gauge length, ...).
    gradient_sigma
        ``(N, 3, 3)`` predicted standard deviation of the gradient; None where it is not known.
    """

    positions: NDArray[np.floating[Any]]
    displacement: NDArray[np.floating[Any]]
    gradient: NDArray[np.floating[Any]]
    sigma: NDArray[np.floating[Any]]
    zncc: NDArray[np.floating[Any]]
    status: NDArray[np.integer[Any]]
    grid_shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    window: tuple[int, int, int]
    info: Mapping[str, Any] = field(default_factory=dict)
    gradient_sigma: NDArray[np.floating[Any]] | None = None

    def __post_init__(self) -> None:
        n = int(np.prod(self.grid_shape))
        shapes = {
            "positions": (n, 3),
            "displacement": (n, 3),
            "gradient": (n, 3, 3),
            "sigma": (n, 3),
            "zncc": (n,),
            "status": (n,),
        }
        if self.gradient_sigma is not None:
            shapes["gradient_sigma"] = (n, 3, 3)
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            if found != shape:
                raise InputError(
                    f"{name} has the shape {found}, a grid of {self.grid_shape} needs {shape}"
                )

    @property
    def valid(self) -> NDArray[np.bool_]:
        """``(N,)`` whether the node can be trusted."""
        return np.isin(self.status, (NodeStatus.CONVERGED, NodeStatus.NARROWED))

    @property
    def gauge_length(self) -> tuple[float, float, float]:
        """Length over which a strain from 3 x 3 x 3 nodes averages, ``(z, y, x)`` voxels."""
        z, y, x = (2 * s + w for s, w in zip(self.spacing, self.window, strict=True))
        return z, y, x

    def physical(self, voxel_size: Sequence[float]) -> DisplacementField:
        """Return the field with its gradient in lengths per length instead of voxels per voxel.

        Strains of voxels that are no cubes need it; all else stays in voxels.

        Parameters
        ----------
        voxel_size
            ``(z, y, x)``, any unit.

        Raises
        ------
        InputError
            If they are not three positive numbers.
        """
        size = np.asarray(check_voxel_size(voxel_size))
        ratio = size[:, None] / size[None, :]
        sigma = None if self.gradient_sigma is None else self.gradient_sigma * ratio
        return replace(self, gradient=self.gradient * ratio, gradient_sigma=sigma)

    @property
    def gradient_variance(self) -> NDArray[np.float64]:
        """Square of `gradient_sigma`, ``(N, 3, 3)``; NaN where it is not known."""
        if self.gradient_sigma is None:
            return np.full(self.gradient.shape, np.nan)
        return self.gradient_sigma.astype(np.float64) ** 2

    @property
    def volume_change(self) -> NDArray[np.float64]:
        """Change of volume over volume at every node, ``det F - 1``, ``(N,)``, no unit."""
        with np.errstate(invalid="ignore"):  # nodes without a gradient are NaN
            return np.asarray(np.linalg.det(np.eye(3) + self.gradient.astype(np.float64)) - 1)

    def strain(self, measure: StrainMeasure = "green-lagrange") -> NDArray[np.float64]:
        """Strain tensor at every node from the stored gradient, ``(N, 3, 3)``, no unit.

        Parameters
        ----------
        measure
            With ``F = I + gradient``: "green-lagrange", ``(F^T F - I) / 2``; "hencky", the
            logarithm of the right stretch, ``log(F^T F) / 2``; both are none for a rotation.
            "infinitesimal", the symmetric part of the gradient, for small rotations only.

        Raises
        ------
        InputError
            If there is no such measure.
        """
        h = self.gradient.astype(np.float64)
        if measure == "infinitesimal":
            return 0.5 * (h + h.transpose(0, 2, 1))
        f = h + np.eye(3)
        stretch = f.transpose(0, 2, 1) @ f
        if measure == "green-lagrange":
            return 0.5 * (stretch - np.eye(3))
        if measure == "hencky":
            return _half_log(stretch)
        raise InputError(
            f"There is no strain measure {measure!r}",
            "use infinitesimal, green-lagrange or hencky",
        )

    def strain_sigma(self) -> NDArray[np.float64]:
        """Predicted standard deviation of the Green-Lagrange strain, ``(N, 3, 3)``, no unit.

        Components of the gradient are taken as independent; nearly that of the other measures.
        """
        square = (np.eye(3) + self.gradient.astype(np.float64)) ** 2
        product = square.transpose(0, 2, 1) @ self.gradient_variance
        both = product + product.transpose(0, 2, 1)
        return np.asarray(np.sqrt(both / np.where(np.eye(3), 2, 4)))

    def dense(self, shape: tuple[int, int, int]) -> NDArray[np.float32]:
        """Interpolate the displacement of the valid nodes to every voxel.

        As `at`.

        Returns
        -------
        ``(3, Z, Y, X)`` displacement in voxels.
        """
        if len(shape) != 3:
            raise InputError(f"{tuple(shape)} is no shape of a volume", "give voxels (z, y, x)")
        return self.over(tuple(slice(0, n) for n in shape))

    def over(self, box: Sequence[slice]) -> NDArray[np.float32]:
        """Interpolate the displacement to the voxels of a box, as `at`, one axis after the other.

        Returns
        -------
        ``(3, z, y, x)`` displacement in voxels.
        """
        out = self._filled().astype(np.float32)
        for axis, side in enumerate(box):
            places = np.arange(side.start, side.stop)
            on_grid = (places - self.positions[0, axis]) / self.spacing[axis]
            weights = _linear_weights(on_grid, self.grid_shape[axis])
            out = np.moveaxis(np.tensordot(weights, out, (1, axis)), 0, axis)
        return np.ascontiguousarray(np.moveaxis(out, -1, 0))

    def at(self, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Interpolate the displacement of the valid nodes to places.

        Linear between nodes; places outside the grid take the value of its border, and nodes
        that are not valid that of their nearest valid neighbour.

        Parameters
        ----------
        places
            ``(3, ...)`` in voxels of the reference.

        Returns
        -------
        ``(3, ...)`` displacement in voxels.

        Raises
        ------
        InputError
            If no node is valid.
        """
        from scipy.ndimage import map_coordinates

        nodes = self._filled()
        origin, step = (
            np.asarray(v, np.float32).reshape(3, *[1] * (places.ndim - 1))
            for v in (self.positions[0], self.spacing)
        )
        on_grid = (places - origin) / step
        out = np.empty(places.shape, np.float32)
        for i in range(3):
            map_coordinates(nodes[..., i], on_grid, out[i], order=1, mode="nearest")
        return out

    def _filled(self) -> NDArray[np.floating[Any]]:
        """Displacement ``(Z, Y, X, 3)`` of every node, taken from the nearest valid one."""
        from scipy.ndimage import distance_transform_edt

        valid = self.valid.reshape(self.grid_shape)
        if not valid.any():
            raise InputError("No node of this field is valid", "correlate with a larger window")
        nearest = distance_transform_edt(
            ~valid, sampling=self.spacing, return_distances=False, return_indices=True
        )
        return np.asarray(self.displacement.reshape(*self.grid_shape, 3)[tuple(nearest)])


def _linear_weights(places: NDArray[np.floating[Any]], n: int) -> NDArray[np.float32]:
    """Weights ``(len(places), n)`` of the grid points 0 to n - 1, those outside at the border."""
    inside = np.clip(places, 0, n - 1)
    low = np.minimum(inside.astype(int), max(n - 2, 0))
    rows, share = np.arange(len(places)), inside - low
    weights = np.zeros((len(places), n), np.float32)
    weights[rows, low] = 1 - share
    weights[rows, np.minimum(low + 1, n - 1)] += share
    return weights


def voxels_of(box: Sequence[slice]) -> NDArray[np.float32]:
    """Coordinates ``(3, z, y, x)`` of the voxels of a box."""
    axes = [np.arange(side.start, side.stop, dtype=np.float32) for side in box]
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def _half_log(stretch: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.isfinite(stretch).all(axis=(1, 2))
    out = np.full_like(stretch, np.nan)
    values, vectors = np.linalg.eigh(stretch[finite])
    logs = 0.5 * np.log(np.maximum(values, np.finfo(float).tiny))
    out[finite] = (vectors * logs[:, None, :]) @ vectors.transpose(0, 2, 1)
    return out
