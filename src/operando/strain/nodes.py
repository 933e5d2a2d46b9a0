"""The node grid, and solving its windows on all threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MARGIN = 3
"""Voxels that the derivative of the reference needs around a window."""


@dataclass(frozen=True)
class Solution:
    """What the solver found at N nodes; index 0 is order 1, index 1 is order 2.

    ``motion (N, 2, 3, 10)`` polynomial of the motion in the window, ``variance (N, 2, 3)`` of the
    displacement of its centre, ``code``, ``zncc``, ``iterations``, ``noise`` (grey variance of one
    frame) and ``coverage``, each ``(N, 2)``; ``contrast (N, 4)``: grey variance and mean squares of
    the derivatives in the window.
    """

    motion: NDArray[np.float64]
    variance: NDArray[np.float64]
    numbers: NDArray[np.float64]
    contrast: NDArray[np.float64]

    @property
    def code(self) -> NDArray[np.float64]:
        """Why the solver ended."""
        return self.numbers[..., 0]

    @property
    def zncc(self) -> NDArray[np.float64]:
        """Zero-normalised correlation coefficient."""
        return self.numbers[..., 1]

    @property
    def iterations(self) -> NDArray[np.float64]:
        """Iterations used."""
        return self.numbers[..., 2]

    @property
    def noise(self) -> NDArray[np.float64]:
        """Grey noise variance of one frame."""
        return self.numbers[..., 3]

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share of the window that was used."""
        return self.numbers[..., 4]

    @classmethod
    def empty(cls, n: int) -> Solution:
        """Make room for n nodes that are not solved yet."""
        return cls(
            np.full((n, 2, 3, 10), np.nan),
            np.full((n, 2, 3), np.inf),
            np.full((n, 2, 5), np.nan),
            np.zeros((n, 4)),
        )

    def put(self, nodes: NDArray[np.integer[Any]], other: Solution) -> None:
        """Replace some nodes by another solution of them."""
        for name in ("motion", "variance", "numbers", "contrast"):
            getattr(self, name)[nodes] = getattr(other, name)

    def take(self, nodes: NDArray[Any]) -> Solution:
        """Return some of the nodes."""
        return Solution(
            self.motion[nodes], self.variance[nodes], self.numbers[nodes], self.contrast[nodes]
        )


def node_axes(
    shape: tuple[int, ...], spacing: tuple[int, ...], window: tuple[int, ...]
) -> list[NDArray[np.int64]]:
    """Node coordinates along each axis: windows lie inside, the grid is centred in the volume."""
    axes = []
    for n, s, w in zip(shape, spacing, window, strict=True):
        room = n - w - 2 * MARGIN
        if room < 0:
            raise InputError(
                f"A window of {window} voxels does not fit into a volume of {shape}",
                f"every axis needs {2 * MARGIN} voxels more: use a smaller window or more slices",
            )
        count = room // s + 1
        first = MARGIN + w // 2 + (room - (count - 1) * s) // 2
        axes.append(first + s * np.arange(count, dtype=np.int64))
    return axes


def grid_points(axes: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """All nodes of a grid, ``(N, 3)``, C order."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


class Frames:
    """A reference and a deformed volume, ready to correlate.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)`` finite float32 of zero mean and unit standard deviation.
    mask, deformed_mask
        Voxels to use, or None for all.
    spline
        "quintic" (cubic in the first iterations) or "cubic".
    """

    def __init__(
        self,
        reference: NDArray[np.float32],
        deformed: NDArray[np.float32],
        mask: NDArray[np.bool_] | None = None,
        deformed_mask: NDArray[np.bool_] | None = None,
        spline: str = "quintic",
    ) -> None:
        from operando.strain.bspline import PAD, coefficients, noise_gain_table

        none = np.empty((0, 0, 0), np.uint8)
        self.reference = np.ascontiguousarray(reference, np.float32)
        self.mask = none if mask is None else np.ascontiguousarray(mask).view(np.uint8)
        moved_mask = (
            none if deformed_mask is None else np.ascontiguousarray(deformed_mask).view(np.uint8)
        )
        self.noise_volume = 1.0
        self.grey = np.asarray(deformed, np.float32)
        cubic = coefficients(deformed, 3)
        quintic = coefficients(deformed, 5) if spline == "quintic" else np.empty(0, np.float32)
        plane, row = cubic.shape[1] * cubic.shape[2], cubic.shape[2]
        strides = np.array([plane, row, PAD[0] * plane + PAD[1] * row + PAD[2]])
        self.deformed = (
            cubic.ravel(),
            quintic.ravel(),
            strides,
            np.array(deformed.shape),
            moved_mask,
        )
        self.noise_gain = noise_gain_table(5 if spline == "quintic" else 3)

    def solve(
        self,
        centres: NDArray[np.int64],
        guesses: NDArray[np.float64],
        window: tuple[int, ...],
        *,
        orders: tuple[bool, bool] = (True, False),
        tolerance: float = 1e-3,
        max_iterations: int = 30,
        coverage: float = 0.5,
        planes: NDArray[np.float64] | None = None,
        device: str = "cpu",
        report: Callable[[int], None] | None = None,
    ) -> Solution:
        """Solve all nodes, in chunks over numba's number of threads.

        Parameters
        ----------
        centres
            ``(N, 3)`` node voxels.
        guesses
            ``(N, 3, 10)`` motion to start from.
        orders
            Whether order 1 and, from its result, order 2 is solved.
        planes
            ``(N, 4)`` normal and distance of planes that cut the windows, see
            `operando.strain.kernels.correlate_nodes`.
        device
            "cpu" is the compiled solver; any other torch device, or "torch" for torch on the CPU,
            the one in torch, which takes no planes.
        report
            Called with the number of nodes that were finished since the last call.
        """
        from numba import get_num_threads

        from operando.strain.kernels import correlate_nodes

        n = len(centres)
        out = Solution.empty(n)
        half = np.array([w // 2 for w in window])
        cuts = np.zeros((n, 4)) if planes is None else planes
        limits = (
            tolerance,
            max_iterations,
            max(coverage * np.prod(window), 61),
            float(max(half.max(), 4)),
        )
        if device != "cpu":
            from operando.strain.torch_solver import Limits, TorchSolver

            solver = TorchSolver(self, half, "cpu" if device == "torch" else device)
            solver.solve(centres, guesses, orders, Limits(*limits), out, report)
            return out
        step = max(1, min(64, 600_000 // int(np.prod(window))))

        def work(start: int) -> int:
            part = slice(start, min(start + step, n))
            result = (
                out.motion[part],
                out.variance[part],
                out.numbers[part],
                out.contrast[part],
            )
            correlate_nodes(
                self.reference,
                self.mask,
                self.deformed,
                centres[part],
                half,
                guesses[part],
                cuts[part],
                orders,
                limits,
                self.noise_gain,
                result,
            )
            return part.stop - start

        with ThreadPoolExecutor(get_num_threads()) as pool:
            try:
                for done in pool.map(work, range(0, n, step)):
                    if report is not None:
                        report(done)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return out
