"""A batch of windows of the solver in torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from operando.strain.volumes.bspline import EDGE
from operando.strain.windows.normal_matrix import GRADIENT_NOISE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.windows.torch_frames import TorchFrames

_STENCIL = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))


class TorchWindows:
    """Reference values, derivatives and normal equations of a batch of windows.

    Parameters
    ----------
    frames
        The volumes and the shape of the windows.
    centres
        ``(n, 3)`` voxels.
    """

    def __init__(self, frames: TorchFrames, centres: NDArray[np.int64]) -> None:
        self.frames = frames
        self.centres = torch.as_tensor(centres, device=frames.device)
        places = frames.offsets + self.centres[:, :, None]
        _, ny, nx = frames.rows
        steps = (ny * nx, nx, 1)
        index = (places * torch.tensor(steps, device=frames.device)[:, None]).sum(1)
        grey = frames.reference[index]
        slopes = []
        for s in steps:
            slope = torch.zeros_like(grey)
            for k, a in _STENCIL:
                slope += a * (frames.reference[index + k * s] - frames.reference[index - k * s])
            slopes.append(slope)
        self.raw, self.slopes = grey, torch.stack(slopes, 1)
        self.weights = torch.ones_like(grey)
        if frames.mask is not None:
            self.weights = (frames.mask[index] > 0).to(grey.dtype)
        self._centre()

    def _centre(self) -> None:
        w = self.weights
        count = w.sum(1)
        mean = (self.raw * w).sum(1) / count.clamp(min=1)
        self.grey = (self.raw - mean[:, None]) * w
        self.count = count.double().cpu().numpy()
        self.norm = (self.grey**2).sum(1).double().cpu().numpy()

    def usable(self, smallest: float) -> NDArray[np.bool_]:
        """Whether enough voxels with any texture are left."""
        return np.asarray((self.count >= smallest) & (self.norm > 1e-12 * self.count))

    def contrast(self) -> NDArray[np.float64]:
        """Grey variance and mean squares of the derivatives, ``(n, 4)``."""
        energy = ((self.slopes**2) * self.weights[:, None]).sum(2).double().cpu().numpy()
        count = np.maximum(self.count, 1)[:, None]
        return np.asarray(np.concatenate([self.norm[:, None], energy], axis=1) / count)

    def jacobian(self, terms: int) -> torch.Tensor:
        """Multiply derivatives, basis and weights, ``(n, 3 terms, voxels)``."""
        basis = self.frames.basis[:terms]
        slopes = self.slopes * self.weights[:, None]
        return (slopes[:, :, None] * basis).reshape(len(slopes), 3 * terms, -1)

    def normal(self, terms: int) -> NDArray[np.float64]:
        """Build the normal matrices with grey offset and gain eliminated."""
        j = self.jacobian(terms)
        matrix = (j @ j.transpose(1, 2)).double().cpu().numpy()
        self.mean = j.sum(2).double().cpu().numpy()
        self.along = (j * self.grey[:, None]).sum(2).double().cpu().numpy()
        count, norm = np.maximum(self.count, 1), np.maximum(self.norm, 1e-12)
        matrix -= np.einsum("ni,nj,n->nij", self.mean, self.mean, 1 / count)
        return np.asarray(matrix - np.einsum("ni,nj,n->nij", self.along, self.along, 1 / norm))

    def inverse(self, terms: int) -> NDArray[np.float64]:
        """Inverse of the normal matrices (pseudo-inverse where singular)."""
        return np.asarray(np.linalg.pinv(self.normal(terms), rcond=1e-9, hermitian=True))

    def drop_outside(self, c: NDArray[np.float64]) -> bool:
        """Give weight 0 to voxels that moved to the faces or out of the mask; whether any did."""
        frames = self.frames
        place = frames.moved(c) + frames.offsets + self.centres[:, :, None]
        top = torch.as_tensor(frames.shape - 1, device=frames.device)[:, None]
        inside = ((place >= EDGE) & (place <= top - EDGE)).all(1)
        if frames.moved_mask is not None:
            near = (place + 0.5).long().clamp(min=0).minimum(top)
            _, ny, nx = (int(n) for n in frames.shape)
            index = near[:, 0] * ny * nx + near[:, 1] * nx + near[:, 2]
            inside &= frames.moved_mask[index] > 0
        gone = ~inside & (self.weights > 0)
        if not bool(gone.any()):
            return False
        self.weights = self.weights * inside
        self._centre()
        return True

    def compare(
        self, moved: torch.Tensor, terms: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """ZNCC, projected residual ``(n, 3 terms)``, and grey scale of the step."""
        g = moved * self.weights
        total = g.sum(1).double().cpu().numpy()
        square = (g * g).sum(1).double().cpu().numpy()
        product = (g * self.grey).sum(1).double().cpu().numpy()
        projected = (self.jacobian(terms) @ g[:, :, None])[:, :, 0].double().cpu().numpy()
        count, norm = np.maximum(self.count, 1), np.maximum(self.norm, 1e-12)
        energy = np.maximum(square - total**2 / count, 1e-12)
        vector = projected - (total / count)[:, None] * self.mean
        vector -= (product / norm)[:, None] * self.along
        return product / np.sqrt(energy * norm), vector, np.sqrt(norm / energy)

    def variance(self, terms: int, noise: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance of the displacement of the centres, ``(n, 3)``, as in the compiled frames."""
        basis = self.frames.basis[:terms]
        spread = ((basis * self.weights[:, None]) @ basis.T).double().cpu().numpy()
        matrix = self.normal(terms)
        at = [k * terms for k in range(3)]
        weakest = np.stack([matrix[:, k, k] for k in at], 1).min(axis=1)
        excess = np.minimum(GRADIENT_NOISE * noise, 0.5 * weakest / np.maximum(self.count, 1))
        excess = np.nan_to_num(np.maximum(excess, 0.0))
        for k in range(3):
            block = slice(k * terms, (k + 1) * terms)
            matrix[:, block, block] -= excess[:, None, None] * spread
        columns = np.linalg.pinv(matrix, rcond=1e-9, hermitian=True)[:, :, at]
        own = np.stack([columns[:, a, k] for k, a in enumerate(at)], axis=1)
        split = columns.reshape(len(columns), 3, terms, 3)
        blur = np.einsum("naik,nij,najk->nk", split, spread, split)
        return np.asarray(noise[:, None] * (2 * own + excess[:, None] * blur))
