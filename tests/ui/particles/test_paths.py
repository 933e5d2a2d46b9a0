from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.particles import measure
from operando.steps import make_step
from operando.study import Entry
from operando.ui.particles.paths import PathLayers, flattened, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operando import Study
    from operando.samples import Electrode
    from operando.ui.particles.view import ParticleView
    from operando.ui.session import Session


def test_segments_join_the_points_of_every_line() -> None:
    lines = [np.array([[0, 0, 0], [0, 1, 1], [0, 1, 2]], float), np.array([[5, 5, 5]], float)]
    out = segments(lines, frame=2)
    assert out[:, 0].tolist() == [[2, 0, 0, 0], [2, 0, 1, 1]]
    assert out[:, 1].tolist() == [[0, 0, 1, 1], [0, 0, 0, 1]]


def test_in_a_slice_lines_are_seen_from_above() -> None:
    lines = segments([np.array([[2, 0, 0], [3, 1, 1], [4, 1, 2]], float)], frame=0)
    flat = flattened(lines, {1: 3})
    assert flat[:, 0].tolist() == [[0, 3, 0, 0], [0, 3, 1, 1]]
    assert flat[:, 1].tolist() == [[0, 0, 1, 1], [0, 0, 0, 1]]
    assert len(flattened(lines, {1: 9})) == 0
    np.testing.assert_array_equal(flattened(lines, {}), lines)


@pytest.fixture
def found(found: Study, electrode: Electrode, keep: Callable[..., None]) -> Study:
    """Every path leads to the first column of the image."""
    column = np.arange(electrode.ids.shape[3], dtype=np.float32)
    keep("particles-paths", np.where(electrode.ids > 0, column, np.float32(np.nan)))
    settings = make_step("damage", {"paths": True}).model_dump(mode="json")
    found.add_entry(Entry(step="damage", settings=settings, outputs=("particles/particles-paths",)))
    return found


@pytest.fixture
def shown(
    session: Session, show: Callable[..., ParticleView], electrode: Electrode
) -> Iterator[tuple[PathLayers, ParticleView]]:
    """The particles of the study, and the paths in them."""
    view = show(measure(electrode.ids[0], spacing=session.study.voxel_size))
    paths = PathLayers(session, view)
    yield paths, view
    paths.close()


def test_lines_follow_the_selected_particle(shown, electrode) -> None:
    paths, view = shown
    paths.show()
    assert paths.lengths in view.viewer.layers
    assert len(paths.lines.data) == 0
    sizes = np.bincount(electrode.ids[0].ravel())
    particle = int(sizes[1:].argmax()) + 1
    view.viewer.dims.ndisplay = 3
    view.viewer.dims.set_point(0, 0)
    view.select(particle)
    assert len(paths.lines.data) > 0
    starts = paths.lines.data[:, 0].astype(int)
    assert (electrode.ids[tuple(starts.T)] == particle).all()
    assert (paths.lines.data[:, 1, 3] <= 0).all()
    view.select(0)
    assert len(paths.lines.data) == 0
    paths.clear()
    assert not any("electron" in layer.name for layer in view.viewer.layers)
