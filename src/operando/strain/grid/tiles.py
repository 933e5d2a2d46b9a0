"""Correlation tile by tile, so that memory does not grow with the volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from operando.compute.tiles import plan_tiles
from operando.strain.grid.guess import follow_levels
from operando.strain.grid.nodes import MARGIN
from operando.strain.volumes.frames import Frames
from operando.strain.windows.narrower import in_window, narrower_window
from operando.strain.windows.noise_colour import common_inflation, noise_inflation, quiet_windows
from operando.strain.windows.solution import Solution
from operando.strain.windows.solver import solve_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from operando.strain.grid.guess import Guess
    from operando.strain.settings import CorrelationSettings
    from operando.strain.volumes.volume import Volume

_HALO = 14
_LISTENING = 0.72
"""Edge of the windows that listen, as a share: narrower ones hold too few voxels to tell."""

_LISTENED = 24
"""Windows, all of one tile, that tell how far the noise of neighbouring voxels goes together."""


class ResultStore(Protocol):
    """Keeps named groups of arrays, so that a correlation that was stopped goes on from there."""

    def load(self, name: str) -> Mapping[str, NDArray[Any]] | None:
        """Return what was saved, or None."""

    def save(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays."""


def fits_one_tile(shape: tuple[int, ...], tile: int) -> bool:
    """Whether a volume is small enough to be solved as one tile, and is then read as a whole."""
    return max(shape) <= 1.25 * tile


def tile_of_nodes(
    shape: tuple[int, int, int], centres: NDArray[np.int64], tile: int
) -> NDArray[np.int64]:
    """Tell in which tile each node ``(N, 3)`` lies, ``(N,)``; 0 where there is only one."""
    numbers = np.zeros(len(centres), np.int64)
    if fits_one_tile(shape, tile):
        return numbers
    for k, piece in enumerate(plan_tiles(shape, (tile,) * 3)):
        inside = [(c >= s.start) & (c < s.stop) for c, s in zip(centres.T, piece.core, strict=True)]
        numbers[np.all(inside, axis=0)] = k
    return numbers


def tile_name(number: int) -> str:
    """Name under which a store keeps a tile."""
    return f"tile-{number}"


class TiledFrames:
    """Two volumes cut into tiles; solves nodes like `Frames`, whose memory only one tile takes.

    Parameters
    ----------
    reference, deformed
        Volumes of one shape.
    centres
        ``(N, 3)`` all nodes.
    window
        Window edges.
    plan
        Settings; ``tile`` is the edge of a tile.
    reduction
        Voxels of the coarsest volume that the guesses come from; above 2 every tile refines its
        guesses on its own reductions first.
    device
        As in `solve_windows`.

    Attributes
    ----------
    inflation : ndarray
        ``(3,)`` variance of displacements over that of white noise, as far as `listen` knows.
    """

    def __init__(
        self,
        reference: Volume,
        deformed: Volume,
        centres: NDArray[np.int64],
        window: tuple[int, int, int],
        plan: CorrelationSettings,
        reduction: int = 1,
        device: str = "cpu",
    ) -> None:
        self.reference, self.deformed = reference, deformed
        self.centres, self.window, self.plan = centres, window, plan
        self.reduction, self.device = reduction, device
        self.tile_of = tile_of_nodes(reference.shape, centres, plan.tile)
        self.whole: Frames | None = None
        self.single = fits_one_tile(reference.shape, plan.tile)
        self.inflation = np.ones(3)

    def listen(self, solution: Solution, guess: Guess) -> None:
        """Find how far noise goes together, from what was solved; its errors grow accordingly.

        So do those of all that is solved later. Narrower windows listen, as motion that a window
        cannot follow goes together, too, and is no noise; where there is so much noise that most of
        them find no motion, that hardly matters, and whole windows do.
        """
        quiet = quiet_windows(solution)
        if len(quiet) == 0:
            return
        tiles, tile = np.unique(self.tile_of[quiet], return_inverse=True)
        here = quiet[tile == np.bincount(tile, minlength=len(tiles)).argmax()]
        nodes = here[:: -(-len(here) // _LISTENED)]
        frames, origin, offset = self._frames(self.centres[nodes], guess)
        points, motion, window = (
            self.centres[nodes] - origin,
            solution.motion[nodes, 0],
            self.window,
        )
        motion[..., 0] -= offset
        slim = narrower_window(window, _LISTENING)
        start = in_window(motion, window, slim)
        found = self._run(frames, points, start, slim, (False, True), None)
        ended = found.code[:, 1] == 0
        if 2 * ended.sum() >= len(nodes):
            points, motion, window = points[ended], found.motion[ended, 1], slim
        shares = noise_inflation(frames, points, motion, window)
        self.inflation = common_inflation(shares)
        solution.variance[:] *= self.inflation

    def solve(
        self,
        nodes: NDArray[np.int64],
        guess: Guess,
        report: Callable[[int], None] | None = None,
        store: ResultStore | None = None,
    ) -> Solution:
        """Solve some nodes from a guess of the motion; tiles that the store has are not solved."""
        out = Solution.empty(len(nodes))
        for tile in np.unique(self.tile_of[nodes]):
            part, name = np.flatnonzero(self.tile_of[nodes] == tile), tile_name(tile)
            kept = None if store is None else store.load(name)
            if kept is not None:
                found = Solution(**kept)
                if report is not None:
                    report(len(part))
            else:
                found = self._solve_tile(self.centres[nodes[part]], guess, report)
                if store is not None:
                    store.save(name, vars(found))
            out.put(part, found)
        out.variance[:] *= self.inflation
        return out

    def solve_narrower(
        self,
        nodes: NDArray[np.int64],
        guess: Guess,
        windows: Sequence[tuple[int, int, int]],
        report: Callable[[int], None] | None = None,
    ) -> list[Solution]:
        """Solve some nodes with order 2 alone in each of several narrower windows."""
        out = [Solution.empty(len(nodes)) for _ in windows]
        for tile in np.unique(self.tile_of[nodes]):
            part = np.flatnonzero(self.tile_of[nodes] == tile)
            points = self.centres[nodes[part]]
            frames, origin, offset = self._frames(points, guess)
            near = guess.moved(origin, offset)
            for solution, window in zip(out, windows, strict=True):
                local = points - origin
                start = near.polynomials(local, window)
                found = self._run(frames, local, start, window, (False, True), report)
                found.motion[..., 0] += offset
                found.variance[:] *= self.inflation
                solution.put(part, found)
        return out

    def _solve_tile(
        self,
        points: NDArray[np.int64],
        guess: Guess,
        report: Callable[[int], None] | None,
    ) -> Solution:
        frames, origin, offset = self._frames(points, guess)
        local = points - origin
        near = guess.moved(origin, offset)
        if self.reduction > 2 and not self.single:
            near = follow_levels(frames.reference, frames.grey, near, levels=(2, 1))
        orders = (True, self.plan.order != "affine")
        start = near.polynomials(local, self.window)
        found = self._run(frames, local, start, self.window, orders, report)
        found.motion[..., 0] += offset
        return found

    def _run(
        self,
        frames: Frames,
        points: NDArray[np.int64],
        start: NDArray[np.float64],
        window: tuple[int, int, int],
        orders: tuple[bool, bool],
        report: Callable[[int], None] | None,
    ) -> Solution:
        return solve_windows(
            frames,
            points,
            start,
            window,
            orders=orders,
            tolerance=self.plan.tolerance,
            max_iterations=self.plan.max_iterations,
            coverage=self.plan.coverage,
            device=self.device,
            report=report,
        )

    def _frames(
        self, points: NDArray[np.int64], guess: Guess
    ) -> tuple[Frames, NDArray[np.int64], NDArray[np.int64]]:
        """Frames of the boxes that nodes need, their origin, and the shift between the boxes."""
        zero = np.zeros(3, np.int64)
        if self.single and self.whole is not None:
            return self.whole, zero, zero
        shape = np.array(self.reference.shape)
        if self.single:
            low, high = zero, shape
            low_moved, high_moved = zero, shape
        else:
            reach = np.array(self.window) // 2 + MARGIN
            low, high = points.min(axis=0) - reach, points.max(axis=0) + reach + 1
            u, _ = guess.at(points)
            low_moved, high_moved = moved_box(low, high, u, _HALO, shape)
        first, mask = self.reference.read(box_of(low, high))
        second, moved_mask = self.deformed.read(box_of(low_moved, high_moved))
        frames = Frames(first, second, mask, moved_mask, self.plan.spline)
        if self.single:
            self.whole = frames
        return frames, low, low_moved - low


def moved_box(
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    displacement: NDArray[np.float64],
    halo: int,
    shape: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corners of the box into which a box moves, widened by a halo and cut at the volume.

    Parameters
    ----------
    low, high
        First voxel, and the one behind the last.
    displacement
        ``(N, 3)`` of places in the box.
    """
    first = np.maximum(low + np.floor(displacement.min(axis=0)).astype(np.int64) - halo, 0)
    last = np.minimum(high + np.ceil(displacement.max(axis=0)).astype(np.int64) + halo, shape)
    first = np.minimum(first, shape - 2)
    return first, np.maximum(last, first + 2)


def box_of(low: NDArray[Any], high: NDArray[Any]) -> tuple[slice, ...]:
    """Slices from one corner to the other."""
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
