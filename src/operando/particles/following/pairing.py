"""Which particle of one frame is which of the next, from where it is expected to be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles.following.motion import find_drift, motion_from_field, smooth_motion
from operando.particles.labels.boxes import intersection, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data.displacement import DisplacementField
    from operando.particles.following.outlines import Outline
    from operando.particles.settings import LinkSettings

    Field = NDArray[Any] | DisplacementField


@dataclass
class Track:
    """One particle through time, as it was last seen, and its motion since then, µm."""

    particle: int
    outline: Outline
    last_seen: int
    motion: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))

    @property
    def expected(self) -> NDArray[np.float64]:
        """Where its centroid should be now, µm."""
        return np.asarray(self.outline.centroid + self.motion)

    @property
    def shift(self) -> NDArray[np.int64]:
        """Its motion to the nearest voxel."""
        return np.rint(self.motion / self.outline.spacing).astype(np.int64)

    @property
    def at_border(self) -> bool:
        """Whether the border of the image cuts it, or will."""
        here = moved(self.outline.box, self.shift)
        return self.outline.cut or intersection(here, self.outline.frame) != here

    def in_both(self, outline: Outline) -> tuple[Outline, Outline] | None:
        """Return what of it and of an outline both frames show; None if nothing.

        What the image border cuts off changes with every motion.
        """
        mine = self.outline.within(moved(outline.frame, -self.shift))
        other = outline.within(moved(outline.frame, self.shift))
        return None if mine is None or other is None else (mine, other)


def expect(
    tracks: list[Track],
    seen: list[Outline],
    motion_field: Field | None,
    shape: tuple[int, ...],
    settings: LinkSettings,
) -> list[Track]:
    """Add to every track how it should have moved since the frame before.

    Parameters
    ----------
    tracks
        Of the particles followed so far.
    seen
        What is in this frame.
    motion_field
        Displacement from the frame before, ``(3, Z, Y, X)`` in voxels or a `DisplacementField`;
        None: the common drift and then the motion of neighbours are found from the particles.
    shape
        Voxels of a frame.
    settings
        See `LinkSettings`.
    """
    if not tracks or (motion_field is None and not seen):
        return tracks
    places = np.array([k.expected for k in tracks])
    spacing = np.array(tracks[0].outline.spacing)
    if motion_field is not None:
        motion = motion_from_field(motion_field, places / spacing, shape)
        return _moved(tracks, motion * spacing)
    drift = find_drift(
        places,
        np.array([o.centroid for o in seen]),
        np.array([k.outline.volume for k in tracks], float),
        np.array([o.volume for o in seen], float),
        settings.largest_drift * float(max(shape * spacing)),
    )
    tracks = _moved(tracks, np.tile(drift, (len(tracks), 1)))
    links = assign(tracks, seen, settings)
    if len(links) < 4:
        return tracks
    pairs = [(tracks[i], tracks[i].in_both(seen[j])) for i, (j, _) in links.items()]
    residual = np.array([b[1].centroid - b[0].centroid - k.motion for k, b in pairs if b])
    places = np.array([k.expected for k in tracks])
    known = np.array([k.expected for k, b in pairs if b])
    return _moved(tracks, smooth_motion(places, known, residual))


def _moved(tracks: list[Track], motion: NDArray[np.float64]) -> list[Track]:
    return [replace(k, motion=k.motion + m) for k, m in zip(tracks, motion, strict=True)]


def assign(
    tracks: list[Track], seen: list[Outline], settings: LinkSettings
) -> dict[int, tuple[int, float]]:
    """Assign tracks to outlines at the least total cost.

    Returns
    -------
    Index of the track to index of the outline and score; what fits nothing is left out.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rows, columns, scores = _candidates(tracks, seen, settings)
    n, m = len(tracks), len(seen)
    if len(rows) == 0:
        return {}
    # Every track and outline may stay alone at the cost of 1 [Jaqaman 2008]; the lower right
    # block lets their stand-ins pair up. Costs must not be 0, or the edge would not exist.
    cost = 2.001 - 2 * scores
    i, j = np.arange(n), np.arange(m)
    square = coo_matrix(
        (
            np.concatenate([cost, np.ones(n), np.ones(m), np.full(len(rows), 1e-3)]),
            (
                np.concatenate([rows, i, n + j, n + columns]),
                np.concatenate([columns, m + i, j, m + rows]),
            ),
        ),
        shape=(n + m, n + m),
    )
    left, right = min_weight_full_bipartite_matching(square.tocsr())
    found = {(int(a), int(b)) for a, b in zip(left, right, strict=True) if a < n and b < m}
    return {
        int(a): (int(b), float(s))
        for a, b, s in zip(rows, columns, scores, strict=True)
        if (a, b) in found
    }


def parents(tracks: list[Track], new: list[Outline]) -> list[int]:
    """Find the particle that each new one broke off: it held most of its voxels; 0 if none did."""
    from scipy.spatial import cKDTree

    if not tracks or not new:
        return [0] * len(new)
    tree = cKDTree(np.array([k.expected for k in tracks]))
    reach = max(k.outline.extent + float(np.linalg.norm(k.motion) * k.at_border) for k in tracks)
    near = tree.query_ball_point(np.array([o.centroid for o in new]), reach)
    return [
        next((tracks[i].particle for i in sorted(around) if _held(tracks[i], outline)), 0)
        for outline, around in zip(new, near, strict=True)
    ]


def _held(track: Track, outline: Outline) -> bool:
    both = track.in_both(outline)
    return both is not None and 2 * _overlap(*both, track.shift) > both[1].volume


def _candidates(
    tracks: list[Track], seen: list[Outline], settings: LinkSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs that may be the same particle, with their score from 0 to 1."""
    from scipy.spatial import cKDTree

    rows, columns, scores = [], [], []
    if tracks and seen:
        tree = cKDTree(np.array([o.centroid for o in seen]))
        reach = [settings.largest_motion * k.outline.diameter for k in tracks]
        # By as much as it moves, the border may cut off more of a particle, or less.
        around = [
            r + np.linalg.norm(k.motion) * k.at_border for r, k in zip(reach, tracks, strict=True)
        ]
        near = tree.query_ball_point(np.array([k.expected for k in tracks]), around)
        for i, candidates in enumerate(near):
            for j in sorted(candidates):
                score = _score(tracks[i], seen[j], reach[i], settings.largest_growth)
                if score > 0:
                    rows.append(i)
                    columns.append(j)
                    scores.append(score)
    return np.array(rows, np.int64), np.array(columns, np.int64), np.array(scores, float)


def _score(track: Track, outline: Outline, reach: float, largest_growth: float) -> float:
    """How likely a track and an outline are the same: mean of overlap, nearness and size."""
    both = track.in_both(outline)
    if both is None:
        return 0.0
    before, now = both
    a, b = before.volume, now.volume
    growth = max(a, b) / min(a, b)
    # How much of a particle at the border both frames show is only known to a voxel.
    if growth > largest_growth ** (2 if track.outline.cut or outline.cut else 1):
        return 0.0
    distance = float(np.linalg.norm(now.centroid - before.centroid - track.motion))
    if distance > reach:
        return 0.0
    common = _overlap(before, now, track.shift)
    return (common / (a + b - common) + (1 - distance / reach) + 1 / growth) / 3


def _overlap(before: Outline, now: Outline, shift: NDArray[np.int64]) -> int:
    """Voxels that two outlines share once the motion is undone."""
    box = intersection(moved(before.box, shift), now.box)
    if box is None:
        return 0
    return int(np.count_nonzero(before.part(moved(box, -shift)) & now.part(box)))
