"""Two volumes, and windows of one shape in them, on any torch device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from operando.strain.volumes.bspline import weight_polynomials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.volumes.frames import Frames


class TorchFrames:
    """Prepared volumes on a device.

    Parameters
    ----------
    frames
        The volumes.
    half
        Half window edges.
    device
        Name of a torch device.

    Attributes
    ----------
    offsets, basis : torch.Tensor
        ``(3, voxels)`` place of each voxel of a window from its centre, and ``(10, voxels)``
        polynomials of the motion there.
    """

    def __init__(self, frames: Frames, half: NDArray[np.int64], device: str) -> None:
        self.device = device
        cubic, quintic, strides, shape, moved_mask = frames.deformed
        self.strides, self.shape = [int(s) for s in strides], shape
        self.coefficients = {3: self.to(cubic)}
        if quintic.size:
            self.coefficients[5] = self.to(quintic)
        self.reference = self.to(frames.reference.ravel())
        self.mask = self.to(frames.mask.ravel()) if frames.mask.size else None
        self.moved_mask = self.to(moved_mask.ravel()) if moved_mask.size else None
        self.rows = frames.reference.shape
        axes = [torch.arange(-int(h), int(h) + 1, device=device) for h in half]
        self.offsets = torch.stack(torch.meshgrid(*axes, indexing="ij"), 0).reshape(3, -1)
        s = self.offsets / self.to(np.maximum(half, 1)[:, None].astype(np.float32))
        terms = [s.new_ones(s.shape[1]), *s, *(s * s), s[0] * s[1], s[0] * s[2], s[1] * s[2]]
        self.basis = torch.stack(terms)

    def to(self, values: NDArray[Any]) -> torch.Tensor:
        """Bring an array to the device."""
        return torch.as_tensor(values, device=self.device)

    def moved(self, c: NDArray[np.float64]) -> torch.Tensor:
        """How far motions ``(n, 3, 10)`` move the voxels of their windows, ``(n, 3, voxels)``."""
        return self.to(c.astype(np.float32)) @ self.basis

    def moved_grey(
        self, centres: torch.Tensor, c: NDArray[np.float64], degree: int
    ) -> torch.Tensor:
        """Deformed grey values at the moved voxels, ``(n, voxels)``, by a spline of degree 3 or 5.

        Parameters
        ----------
        centres
            ``(n, 3)`` voxels.
        c
            ``(n, 3, 10)`` motion in the windows around them.
        """
        u = self.moved(c)
        below = torch.floor(u)
        share = u - below
        whole = below.long() + self.offsets + centres[:, :, None]
        plane, row, origin = self.strides
        left = (degree - 1) // 2
        for k in range(3):
            whole[:, k].clamp_(-1, int(self.shape[k]))
        index = whole[:, 0] * plane + whole[:, 1] * row + whole[:, 2] + origin
        weights = [self._weights(share[:, k], degree) for k in range(3)]
        coefficients, total = self.coefficients[degree], torch.zeros_like(u[:, 0])
        for a in range(degree + 1):
            for b in range(degree + 1):
                line = torch.zeros_like(total)
                for k in range(degree + 1):
                    place = index + ((a - left) * plane + (b - left) * row + k - left)
                    line += weights[2][k] * coefficients[place]
                total += weights[0][a] * weights[1][b] * line
        return total

    def _weights(self, share: torch.Tensor, degree: int) -> torch.Tensor:
        """Spline weights ``(degree + 1, n, voxels)`` at shares ``(n, voxels)`` of a voxel."""
        taps = self.to(weight_polynomials(degree).astype(np.float32))
        value = taps[:, -1, None, None].expand(-1, *share.shape)
        for j in range(degree - 1, -1, -1):
            value = value * share + taps[:, j, None, None]
        return value
