"""Tracks after particles were corrected by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.particles.following.link import TRACK_COLUMNS, TRACK_KINDS

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["frame", "particle"]


def correct_tracks(found: pd.DataFrame, particles: pd.DataFrame) -> pd.DataFrame:
    """Bring tracks in line with a table of particles.

    Parameters
    ----------
    found
        Tracks as of `operando.particles.follow`, with the column ``volume_um3`` that the particle
        had then (NaN where it was lost).
    particles
        One row per frame and particle, after corrections.

    Returns
    -------
    One row per particle and frame where it is, or is missing for the first time: status new,
    linked or lost. Scores, labels and parents are those of `found` as long as the particle has the
    volume that it had then, in this frame and where it was seen last; else the score is NaN, the
    label is the id, and there is no parent.
    """
    import pandas as pd

    now = particles[[*KEYS, "volume_um3"]].sort_values(["particle", "frame"])
    if "parent" not in found:  # of an earlier version
        found = found.assign(parent=0)
    table = now.merge(found[[*KEYS, "label", "score", "parent", "volume_um3"]], on=KEYS, how="left")
    same = np.isclose(table["volume_um3_x"], table["volume_um3_y"], rtol=1e-9)
    by_particle = table.groupby("particle")
    first = by_particle.cumcount() == 0
    before = pd.Series(same).groupby(table["particle"]).shift(fill_value=True)
    table["score"] = table["score"].where(same & before & ~first)
    table["label"] = table["label"].where(same, table["particle"])
    table["parent"] = table["parent"].where(same & table["parent"].isin(now["particle"]), 0)
    table["status"] = np.where(first, "new", "linked")
    following = by_particle["frame"].shift(-1, fill_value=-1)
    last = (
        particles["frame"].max() if found.empty else max(found["frame"].max(), now["frame"].max())
    )
    ends = table[(following != table["frame"] + 1) & (table["frame"] < last)]
    lost = ends.assign(frame=ends["frame"] + 1, label=0, score=np.nan, status="lost", parent=0)
    out: pd.DataFrame = pd.concat([table, lost])[list(TRACK_COLUMNS)]
    out = out.astype(TRACK_KINDS).sort_values(KEYS, ignore_index=True)
    return out
