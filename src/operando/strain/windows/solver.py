"""Solving the windows of many nodes, on all threads or in torch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.windows.solution import Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.strain.volumes.frames import Frames


def solve_windows(
    frames: Frames,
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
    """Solve the windows of all nodes, in chunks over numba's number of threads.

    Parameters
    ----------
    frames
        The volumes.
    centres
        ``(N, 3)`` node voxels.
    guesses
        ``(N, 3, 10)`` motion to start from.
    window
        ``(3,)`` odd edges of the windows in voxels.
    orders
        Whether order 1 and, from its result, order 2 is solved.
    planes
        ``(N, 4)`` normal and distance of planes that cut the windows, see
        `operando.strain.windows.kernels.correlate_nodes`.
    device
        "cpu" is the compiled solver; any other torch device, or "torch" for torch on the CPU,
        the one in torch, which takes no planes.
    report
        Called with the number of nodes that were finished since the last call.
    """
    from numba import get_num_threads

    from operando.strain.windows.kernels import correlate_nodes

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
        from operando.strain.windows.torch_solver import Limits, TorchSolver

        solver = TorchSolver(frames, half, "cpu" if device == "torch" else device)
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
            frames.reference,
            frames.mask,
            frames.deformed,
            centres[part],
            half,
            guesses[part],
            cuts[part],
            orders,
            limits,
            frames.noise_gain,
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
