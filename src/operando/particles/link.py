"""Follow particles through time: the same id for the same particle in every frame."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.particles.arrays import check_ids, numbered
from operando.particles.frames import Frame
from operando.particles.motion import find_drift, motion_from_field, smooth_motion
from operando.particles.outlines import Outline, find_outlines
from operando.particles.settings import LinkSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data.displacement import DisplacementField

    Box = tuple[slice, slice, slice]
    Field = NDArray[Any] | DisplacementField

TRACK_COLUMNS = ("frame", "particle", "label", "score", "status")


@dataclass
class Track:
    """One particle through time, as it was last seen."""

    particle: int
    outline: Outline
    last_seen: int
    motion: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))

    @property
    def expected(self) -> NDArray[np.float64]:
        """Where its centroid should be now."""
        return np.asarray(self.outline.centroid + self.motion)


def link(
    ids_per_frame: Sequence[NDArray[Any]],
    *,
    fields: Sequence[Field] | None = None,
    settings: LinkSettings | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[NDArray[np.int32], pd.DataFrame]:
    """Give particles the same id in all frames.

    Parameters
    ----------
    ids_per_frame
        T volumes ``(Z, Y, X)``, each with labels of its own.
    fields
        T - 1 displacements from frame t to t + 1, each ``(3, Z, Y, X)`` in voxels or a
        `DisplacementField`, with ``frame[t+1](X + u(X)) = frame[t](X)``. Without them the common
        drift and then the motion of the neighbourhood are found from the particles.
    settings
        See `LinkSettings`.
    progress
        Receives `Progress`; may raise `Cancelled`.

    Returns
    -------
    ids
        ``(T, Z, Y, X)`` int32, compact ids from 1 in order of first appearance.
    tracks
        See `follow`.

    Raises
    ------
    InputError
        If the frames differ in shape or the fields do not fit them.
    """
    frames, names = [], []
    for given in ids_per_frame:
        ids, of_frame = numbered(check_ids(given))
        frames.append(ids)
        names.append(of_frame)
    if not frames:
        raise InputError("There are no frames to link", "give at least one volume of ids")
    tracks = follow(frames, fields=fields, settings=settings, progress=progress)
    out = np.empty((len(frames), *frames[0].shape), np.int32)
    for t, ids in enumerate(frames):
        out[t] = rename(ids, tracks, t)
        there = tracks["frame"] == t
        tracks.loc[there, "label"] = names[t][tracks.loc[there, "label"]]
    return out, tracks


def follow(
    frames: Iterable[NDArray[Any] | Frame],
    *,
    fields: Sequence[Field] | None = None,
    settings: LinkSettings | None = None,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Link the particles of frames that are read one after the other, large ones in blocks.

    Two frames are linked by the assignment of least total cost [1]_, where a pair costs the more
    the less the particles overlap once the expected motion is undone, the farther their centroids
    lie from each other and the more their volumes differ.

    Returns
    -------
    Tracks: one row per frame and particle with its `label` in that frame, the `score` of its link
    (0 to 1, NaN for a new one) and `status`: new, linked, or lost, which is said once, in the
    first frame where the particle is missing, with the label 0.

    Notes
    -----
    Memory holds one frame, or a block of a `Frame`, and the masks of the followed particles.

    .. [1] K. Jaqaman et al., "Robust single-particle tracking in live-cell time-lapse sequences",
       Nat. Methods 5 (2008) 695-702
    """
    settings = settings or LinkSettings()
    total = len(frames) if isinstance(frames, Sized) else 0
    if fields is not None and total and len(fields) != total - 1:
        raise InputError(
            f"{len(fields)} displacement fields for {total} frames", "give one per pair of frames"
        )
    watch = Stopwatch(progress, total, "frames", "Linking particles")
    tracks: list[Track] = []
    rows: list[tuple[int, int, int, float, str]] = []
    count = 0
    shape: tuple[int, ...] | None = None
    for t, frame in enumerate(frames):
        ids = frame if isinstance(frame, Frame) else check_ids(frame)
        if shape not in (None, ids.shape):
            raise InputError(
                f"Frame {t} has the shape {ids.shape}, the first one {shape}",
                "give frames of one shape",
            )
        shape = ids.shape
        outlines = find_outlines(ids)
        seen = list(outlines.values())
        motion_field = None if fields is None or t == 0 else fields[t - 1]
        tracks = _expect(tracks, seen, motion_field, shape, settings)
        links = _assign(tracks, seen, settings)
        labels = list(outlines)
        for i, track in enumerate(tracks):
            if i in links:
                rows.append((t, track.particle, labels[links[i][0]], links[i][1], "linked"))
            elif track.last_seen == t - 1:
                rows.append((t, track.particle, 0, np.nan, "lost"))
        taken = {j: tracks[i].particle for i, (j, _) in links.items()}
        kept = [k for i, k in enumerate(tracks) if i not in links]
        tracks = [k for k in kept if t - k.last_seen <= settings.longest_gap]
        for j, outline in enumerate(seen):
            if j not in taken:
                count += 1
                taken[j] = count
                rows.append((t, count, labels[j], np.nan, "new"))
            tracks.append(Track(taken[j], outline, t))
        watch.advance()
    return _table(rows)


def rename(ids: NDArray[np.int32], tracks: pd.DataFrame, frame: int) -> NDArray[np.int32]:
    """Replace the labels of a frame by the ids of its particles."""
    rows = tracks[(tracks["frame"] == frame) & (tracks["label"] > 0)]
    names = np.zeros(int(ids.max(initial=0)) + 1, np.int32)
    names[rows["label"].to_numpy()] = rows["particle"].to_numpy()
    return names[ids]


def _expect(
    tracks: list[Track],
    seen: list[Outline],
    motion_field: Field | None,
    shape: tuple[int, ...],
    settings: LinkSettings,
) -> list[Track]:
    """Add to every track how it should have moved since the frame before."""
    if not tracks or not seen:
        return tracks
    places = np.array([k.expected for k in tracks])
    if motion_field is not None:
        motion = motion_from_field(motion_field, places, shape)
        return _moved(tracks, motion)
    drift = find_drift(
        places,
        np.array([o.centroid for o in seen]),
        np.array([k.outline.volume for k in tracks], float),
        np.array([o.volume for o in seen], float),
        settings.largest_drift * max(shape),
    )
    tracks = _moved(tracks, np.tile(drift, (len(tracks), 1)))
    links = _assign(tracks, seen, settings)
    if len(links) < 4:
        return tracks
    pairs = [(tracks[i], seen[j]) for i, (j, _) in links.items()]
    residual = np.array([o.centroid - k.expected for k, o in pairs])
    places = np.array([k.expected for k in tracks])
    known = np.array([k.expected for k, _ in pairs])
    return _moved(tracks, smooth_motion(places, known, residual))


def _moved(tracks: list[Track], motion: NDArray[np.float64]) -> list[Track]:
    return [replace(k, motion=k.motion + m) for k, m in zip(tracks, motion, strict=True)]


def _assign(
    tracks: list[Track], seen: list[Outline], settings: LinkSettings
) -> dict[int, tuple[int, float]]:
    """Assign tracks to outlines: index of the track to index of the outline and score."""
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


def _candidates(
    tracks: list[Track], seen: list[Outline], settings: LinkSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs that may be the same particle, with their score from 0 to 1."""
    from scipy.spatial import cKDTree

    rows, columns, scores = [], [], []
    if tracks and seen:
        tree = cKDTree(np.array([o.centroid for o in seen]))
        reach = [settings.largest_motion * k.outline.diameter for k in tracks]
        near = tree.query_ball_point(np.array([k.expected for k in tracks]), reach)
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
    a, b = track.outline.volume, outline.volume
    growth = max(a, b) / min(a, b)
    # What is seen of a particle at the border changes with every motion.
    if growth > largest_growth ** (2 if track.outline.cut or outline.cut else 1):
        return 0.0
    distance = float(np.linalg.norm(outline.centroid - track.expected))
    common = _overlap(track, outline)
    return (common / (a + b - common) + (1 - distance / reach) + 1 / growth) / 3


def _overlap(track: Track, outline: Outline) -> int:
    """Voxels that both share once the expected motion is undone, to the nearest voxel."""
    shift = np.rint(track.motion).astype(int)
    mine, other = [], []
    for s, o, d in zip(track.outline.box, outline.box, shift, strict=True):
        first, last = max(s.start + d, o.start), min(s.stop + d, o.stop)
        if first >= last:
            return 0
        mine.append(slice(first - d - s.start, last - d - s.start))
        other.append(slice(first - o.start, last - o.start))
    both = track.outline.mask[tuple(mine)] & outline.mask[tuple(other)]
    return int(np.count_nonzero(both))


def _table(rows: list[tuple[int, int, int, float, str]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(TRACK_COLUMNS))
    kinds = {"frame": "int64", "particle": "int64", "label": "int64", "score": "float64"}
    return table.astype(kinds).sort_values(["frame", "particle"], ignore_index=True)
