"""Where particles are, from their table, so that only parts of frames need to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box

CENTRE = ["z_um", "y_um", "x_um"]


class ParticlePlaces:
    """Looks places up in a table of particles.

    Parameters
    ----------
    table
        One row per frame and particle.
    shape
        ``(Z, Y, X)`` of a frame.
    voxel_size
        ``(z, y, x)``, µm.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        shape: Sequence[int],
        voxel_size: Sequence[float],
    ) -> None:
        self._table, self._shape = table, shape
        self._size = np.asarray(voxel_size)

    @property
    def largest_id(self) -> int:
        """Of all frames; 0 if there is no particle."""
        return int(self._table["particle"].max()) if len(self._table) else 0

    @property
    def typical_diameter(self) -> float:
        """Median, µm; 0 if there is no particle."""
        return float(self._table["diameter_um"].median()) if len(self._table) else 0.0

    def frames_of(self, particles: Collection[int]) -> set[int]:
        """Frames in which there is one of these particles."""
        rows = self._table["particle"].isin(list(particles))
        return {int(t) for t in self._table.loc[rows, "frame"]}

    def box(self, particles: Collection[int], frame: int) -> Box | None:
        """Box that holds particles wholly; None if none of them is in this frame.

        No voxel lies farther from the centroid than the longest diameter. Tables of earlier
        versions do not know it: then the box is the frame.
        """
        table = self._table
        rows = table[(table["frame"] == frame) & table["particle"].isin(list(particles))]
        if rows.empty:
            return None
        if "feret_max_um" not in rows or rows["feret_max_um"].isna().any():
            return whole(self._shape)
        centres = rows[CENTRE].to_numpy(float) / self._size
        reach = rows["feret_max_um"].to_numpy(float)[:, None] / self._size + 2
        low = np.maximum(np.floor((centres - reach).min(0)), 0).astype(int)
        high = np.minimum(np.ceil((centres + reach).max(0)) + 1, self._shape).astype(int)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        return z, y, x

    def shift(self, particle: int, frame: int, to: int) -> NDArray[np.float64]:
        """How far a particle moved between two frames, voxels; 0 if it is not in both."""
        rows = self._table[self._table["particle"] == particle].set_index("frame")
        if frame not in rows.index or to not in rows.index:
            return np.zeros(3)
        centres = rows[CENTRE].astype(float)
        return np.asarray((centres.loc[to] - centres.loc[frame]).to_numpy() / self._size)

    def nearest(self, point: tuple[int, int, int], frame: int, to: int) -> int:
        """Find the particle nearest to a voxel that is in both frames; 0 if there is none."""
        both = self._table.loc[self._table["frame"] == to, "particle"]
        here = self._table[(self._table["frame"] == frame) & self._table["particle"].isin(both)]
        if here.empty:
            return 0
        gaps = here[CENTRE].to_numpy(float) - np.asarray(point) * self._size
        return int(here["particle"].iloc[int((gaps**2).sum(axis=1).argmin())])

    def around(self, box: Box, frame: int) -> set[int]:
        """Particles whose centroids lie in a box."""
        rows = self._table[self._table["frame"] == frame]
        points = rows[CENTRE].to_numpy(float) / self._size
        low, high = np.array([(s.start, s.stop) for s in box]).T
        inside = ((points >= low) & (points < high)).all(axis=1)
        return {int(p) for p in rows.loc[inside, "particle"]}


def whole(shape: Sequence[int]) -> Box:
    """Box that holds a frame."""
    z, y, x = (slice(0, n) for n in shape)
    return z, y, x


def joined(first: Box, second: Box) -> Box:
    """Smallest box that holds two."""
    z, y, x = (
        slice(min(a.start, b.start), max(a.stop, b.stop))
        for a, b in zip(first, second, strict=True)
    )
    return z, y, x


def shifted(box: Box, corner: Box) -> Box:
    """Box of a frame that is given in a crop of it, which begins at the corner of another."""
    z, y, x = (slice(s.start + c.start, s.stop + c.start) for s, c in zip(box, corner, strict=True))
    return z, y, x
