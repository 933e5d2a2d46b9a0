from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.files.ome_zarr import create_image
from operando.particles import measure
from operando.steps import make_step
from operando.study import Entry
from operando.ui.particles.paths import PathLayers, flattened, segments
from operando.ui.particles.view import ParticleView
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator


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
def shown(study, electrode) -> Iterator[tuple[PathLayers, ParticleView]]:
    """The particles of a study; every path leads to the first column of the image."""
    place = {"axes": "tzyx", "voxel_size": study.voxel_size, "times": study.times}
    ids = create_image(
        study.product_path("particles/particles"), electrode.ids.shape, "int32", **place
    )
    ids[:] = electrode.ids
    lengths = create_image(
        study.product_path("particles/particles-paths"), electrode.ids.shape, "float32", **place
    )
    column = np.arange(electrode.ids.shape[3], dtype=np.float32)
    lengths[:] = np.where(electrode.ids > 0, column, np.nan)
    settings = make_step("damage", {"paths": True}).model_dump(mode="json")
    study.add_entry(Entry(step="damage", settings=settings, outputs=("particles/particles-paths",)))
    session = Session(ViewerModel())
    session.show_study(study)
    view = ParticleView(session.viewer)
    table = measure(electrode.ids[0], spacing=study.voxel_size)
    view.show(study.open_array("particles/particles"), table, "p", session.layers.placement)
    paths = PathLayers(session, view)
    yield paths, view
    paths.close()
    view.close()
    session.close()


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
