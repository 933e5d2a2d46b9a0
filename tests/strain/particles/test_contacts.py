from __future__ import annotations

import numpy as np

from operando.strain.particles.contacts import contact_changes, contacts, move_labels
from operando.strain.particles.motion_models import rotation_matrix


def test_contacts_gained_and_lost():
    before = np.zeros((3, 3, 9), np.int32)
    before[..., :3], before[..., 3:5], before[..., 6:] = 1, 2, 3
    assert contacts(before) == {(1, 2)}
    after = np.zeros_like(before)
    after[..., :2], after[..., 4:6], after[..., 6:] = 1, 2, 3
    assert contact_changes(before, after, gap=1) == ({(2, 3)}, {(1, 2)})


def test_turned_labels_of_flat_voxels_are_those_of_a_turned_body():
    """A long bar, turned by 40 degrees about x, where voxels are twice as high as wide."""
    import pandas as pd

    size, angle = (2.0, 1.0, 1.0), np.radians(40)
    grid = np.stack(np.indices((24, 48, 8)), axis=-1) * np.array(size) - (23, 23.5, 3.5)

    def bar(points):
        return (np.abs(points) <= (4, 16, 3)).all(axis=-1).astype(np.int32)

    row = {"particle": 1, "status": "followed", "volume_ratio": 1.0}
    row |= dict.fromkeys(("u_z", "u_y", "u_x", "rotation_z", "rotation_y"), 0.0)
    row |= {"centre_z": 11.5, "centre_y": 23.5, "centre_x": 3.5, "rotation_x": np.degrees(angle)}
    moved = move_labels(bar(grid), pd.DataFrame([row]), size)
    expected = bar(grid @ rotation_matrix(np.array([0, 0, angle])))
    box = slice(5, -5)
    overlap = 2 * (moved & expected)[box].sum() / (moved + expected)[box].sum()
    assert overlap > 0.9


def test_a_long_particle_that_turns_keeps_its_ends():
    import pandas as pd

    ids = np.zeros((24, 60, 90), np.int32)
    ids[8:16, 26:34, 10:80] = 1
    row = {"particle": 1, "status": "followed", "volume_ratio": 1.0, "rotation_z": 15.0}
    row |= {"centre_z": 11.5, "centre_y": 29.5, "centre_x": 44.5}
    row |= dict.fromkeys(("u_z", "u_y", "u_x", "rotation_y", "rotation_x"), 0.0)
    moved = move_labels(ids, pd.DataFrame([row]))
    assert abs(moved.sum() / ids.sum() - 1) < 0.02
