"""Follow particles through time: the same id for the same particle in every frame."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.data.given import as_settings
from operando.errors import InputError
from operando.particles.following.outlines import find_outlines
from operando.particles.following.pairing import Track, assign, expect, parents
from operando.particles.labels.arrays import check_ids, check_spacing
from operando.particles.labels.frames import Frame
from operando.particles.labels.names import numbered
from operando.particles.settings import LinkSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data.displacement import DisplacementField
    from operando.particles.labels.boxes import Box

    Field = NDArray[Any] | DisplacementField
    Row = tuple[int, int, int, float, str, int]

TRACK_COLUMNS = ("frame", "particle", "label", "score", "status", "parent")
TRACK_KINDS = dict.fromkeys(("frame", "particle", "label", "parent"), "int64") | {
    "score": "float64"
}


def link(
    ids_per_frame: Sequence[NDArray[Any]],
    *,
    fields: Sequence[Field] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
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
    spacing
        Voxel size ``(z, y, x)`` in µm: how far particles move and how large they are is told in
        lengths, so only its proportions count.
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
    tracks = follow(frames, fields=fields, spacing=spacing, settings=settings, progress=progress)
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
    unseen: Sequence[Callable[[Box], NDArray[np.bool_]]] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: LinkSettings | None = None,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Link the particles of frames that are read one after the other, large ones in blocks.

    Two frames are linked by the assignment of least total cost [1]_, where a pair costs the more
    the less the particles overlap once the expected motion is undone, the farther their centroids
    lie from each other and the more their volumes differ.

    Parameters
    ----------
    frames, fields, spacing, settings, progress
        As in `link`.
    unseen
        Gives for every frame where in a box nothing was imaged: there particles are cut, as they
        are at the border of the image.

    Returns
    -------
    Tracks: one row per frame and particle with its `label` in that frame, the `score` of its link
    (0 to 1, NaN for a new one) and `status`: new, linked, or lost, which is said once, in the
    first frame where the particle is missing, with the label 0. The `parent` of a new one is the
    particle that it broke off, which held most of it before; 0 if there is none.

    Notes
    -----
    Memory holds one frame, or a block of a `Frame`, and the masks of the followed particles.

    .. [1] K. Jaqaman et al., "Robust single-particle tracking in live-cell time-lapse sequences",
       Nat. Methods 5 (2008) 695-702
    """
    settings = as_settings(LinkSettings, settings)
    spacing = check_spacing(spacing)
    total = len(frames) if isinstance(frames, Sized) else 0
    if fields is not None and total and len(fields) != total - 1:
        raise InputError(
            f"{len(fields)} displacement fields for {total} frames", "give one per pair of frames"
        )
    watch = Stopwatch(progress, total, "frames", "Linking particles")
    tracks: list[Track] = []
    rows: list[Row] = []
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
        outlines = find_outlines(ids, spacing, unseen=None if unseen is None else unseen[t])
        seen = list(outlines.values())
        motion_field = None if fields is None or t == 0 else fields[t - 1]
        tracks = expect(tracks, seen, motion_field, shape, settings)
        links = assign(tracks, seen, settings)
        labels = list(outlines)
        for i, track in enumerate(tracks):
            if i in links:
                rows.append((t, track.particle, labels[links[i][0]], links[i][1], "linked", 0))
            elif track.last_seen == t - 1:
                rows.append((t, track.particle, 0, np.nan, "lost", 0))
        taken = {j: tracks[i].particle for i, (j, _) in links.items()}
        new = [j for j in range(len(seen)) if j not in taken]
        for j, parent in zip(new, parents(tracks, [seen[j] for j in new]), strict=True):
            count += 1
            taken[j] = count
            rows.append((t, count, labels[j], np.nan, "new", parent))
        kept = [k for i, k in enumerate(tracks) if i not in links]
        tracks = [k for k in kept if t - k.last_seen <= settings.longest_gap]
        for j, outline in enumerate(seen):
            tracks.append(Track(taken[j], outline, t))
        watch.advance()
    return _table(rows)


def rename(ids: NDArray[np.int32], tracks: pd.DataFrame, frame: int) -> NDArray[np.int32]:
    """Replace the labels of a frame, or of a block of it, by the ids of its particles."""
    rows = tracks[(tracks["frame"] == frame) & (tracks["label"] > 0)]
    labels = rows["label"].to_numpy()
    names = np.zeros(int(max(ids.max(initial=0), labels.max(initial=0))) + 1, np.int32)
    names[labels] = rows["particle"].to_numpy()
    return names[ids]


def _table(rows: list[Row]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(TRACK_COLUMNS))
    return table.astype(TRACK_KINDS).sort_values(["frame", "particle"], ignore_index=True)
