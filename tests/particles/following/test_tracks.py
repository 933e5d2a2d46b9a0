from __future__ import annotations

import numpy as np
import pandas as pd

from operando.particles import follow
from operando.particles.following.tracks import correct_tracks


def frame(*boxes: tuple[int, int, int]) -> np.ndarray:
    """Cubes of an edge at a place on the x axis, with labels."""
    ids = np.zeros((8, 8, 60), np.int32)
    for label, x, edge in boxes:
        ids[:edge, :edge, x : x + edge] = label
    return ids


def found_and_table() -> tuple[pd.DataFrame, pd.DataFrame]:
    frames = [
        frame((1, 2, 6), (2, 20, 7), (3, 40, 5)),
        frame((1, 2, 6), (2, 20, 7)),
        frame((1, 2, 6), (2, 20, 7), (3, 40, 5)),
    ]
    tracks = follow(frames)
    rows = tracks[tracks["status"] != "lost"]
    volumes = [
        float((frames[t] == k).sum()) for t, k in zip(rows["frame"], rows["label"], strict=True)
    ]
    table = rows[["frame", "particle"]].assign(volume_um3=volumes)
    return tracks.merge(table, on=["frame", "particle"], how="left"), table


def test_without_corrections_tracks_are_those_that_were_found() -> None:
    found, table = found_and_table()
    assert (found["status"] == "lost").sum() == 1
    pd.testing.assert_frame_equal(correct_tracks(found, table), found.drop(columns="volume_um3"))


def test_what_was_split_off_is_new_and_what_changed_has_no_score() -> None:
    found, table = found_and_table()
    half = (table["frame"] >= 1) & (table["particle"] == 2)
    table.loc[half, "volume_um3"] /= 2
    table = pd.concat([table, table[half].assign(particle=9)])
    tracks = correct_tracks(found, table).set_index(["frame", "particle"])
    assert tracks.loc[[(1, 9), (2, 9)], "status"].tolist() == ["new", "linked"]
    assert tracks.loc[[(1, 2), (2, 2)], "score"].isna().all()
    assert tracks.loc[[(1, 1), (2, 1)], "score"].notna().all()


def test_what_was_deleted_is_lost_once() -> None:
    found, table = found_and_table()
    table = table[~((table["frame"] >= 1) & (table["particle"] == 1))]
    tracks = correct_tracks(found, table).query("particle == 1")
    assert tracks[["frame", "status"]].values.tolist() == [[0, "new"], [1, "lost"]]


def test_the_parent_of_a_piece_stays_unless_it_is_no_more() -> None:
    found = follow([frame((1, 2, 8), (2, 30, 8)), frame((1, 2, 7), (2, 30, 8), (3, 9, 1))])
    assert found["parent"].tolist() == [0, 0, 0, 0, 1]
    table = found[["frame", "particle"]].assign(volume_um3=1.0)
    found = found.assign(volume_um3=1.0)
    assert correct_tracks(found, table)["parent"].tolist() == [0, 0, 0, 0, 1]
    without = table[table["particle"] != 1]
    assert not correct_tracks(found, without)["parent"].any()
    earlier = found.drop(columns="parent")
    assert not correct_tracks(earlier, table)["parent"].any()
