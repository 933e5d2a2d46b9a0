from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.key_bindings import KeymapHandler

from operando.data import LabelClass
from operando.errors import InputError
from operando.study import StrokeSet
from operando.ui.strokes.painter import StrokePainter, edited_box

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Labels

SHAPE = (2, 6, 32, 32)


@pytest.fixture
def strokes(tmp_path: Path) -> StrokeSet:
    return StrokeSet(tmp_path, "strokes", SHAPE)


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def painter(viewer: ViewerModel, strokes: StrokeSet) -> StrokePainter:
    layer = viewer.add_labels(strokes.array, name="strokes")
    layer.n_edit_dimensions = 2
    layer.brush_size = 5
    viewer.dims.current_step = (1, 3, 0, 0)
    return StrokePainter(viewer, layer, strokes)


def _press(layer: Labels, key: str) -> None:
    handler = KeymapHandler()
    handler.keymap_providers = [layer]
    assert handler.press_key(key)


def _drag(layer: Labels, *points: tuple[int, ...], label: int) -> None:
    with layer.block_history():
        for point in points:
            layer.paint(point, label)


def test_painting_writes_to_disk_and_can_be_undone_after_a_restart(
    painter: StrokePainter, strokes: StrokeSet, tmp_path: Path
) -> None:
    _drag(painter.layer, (1, 3, 10, 10), (1, 3, 10, 14), label=2)
    painted = np.asarray(strokes.array).copy()
    assert painted[1, 3, 10, 8:17].tolist() == [2] * 9
    assert strokes.revision == 1
    painter.close()
    again = StrokeSet(tmp_path, "strokes", SHAPE)
    assert np.array_equal(again.array, painted)
    again.undo()
    assert not again.array.any()


def test_every_kind_of_edit_is_undone_and_redone_exactly(
    painter: StrokePainter, strokes: StrokeSet
) -> None:
    layer = painter.layer
    states = [np.asarray(strokes.array).copy()]
    edits = [
        lambda: layer.paint((1, 3, 10, 10), 1),
        lambda: _drag(layer, (1, 3, 10, 12), (1, 3, 12, 14), (1, 3, 14, 12), label=2),
        lambda: layer.data_setitem(tuple(np.array([v, v]) for v in (1, 3, 11, 11)), 3),
        lambda: layer.fill((1, 3, 10, 9), 3),
        lambda: layer.paint((1, 3, 0, 0), 3),
        lambda: layer.paint((1, 3, 10, 12), 0),
    ]
    for edit in edits:
        edit()
        states.append(np.asarray(strokes.array).copy())
    assert len({state.tobytes() for state in states}) == len(states)
    for state in reversed(states[:-1]):
        painter.undo()
        assert np.array_equal(strokes.array, state)
    for state in states[1:]:
        painter.redo()
        assert np.array_equal(strokes.array, state)
    values, counts = np.unique(strokes.array[strokes.array > 0], return_counts=True)
    assert painter.counts.voxels == dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_keys_undo_and_choose_the_class(painter: StrokePainter, strokes: StrokeSet) -> None:
    _press(painter.layer, "3")
    assert painter.label == 3
    assert painter.layer.mode == "paint"
    painter.layer.paint((1, 3, 10, 10), 3)
    _press(painter.layer, "Control-Z")
    assert not strokes.array.any()
    _press(painter.layer, "Control-Shift-Z")
    assert (strokes.array == 3).any()


def test_only_classes_that_exist_can_be_chosen(painter: StrokePainter) -> None:
    painter.choose(2)
    _press(painter.layer, "9")
    assert painter.label == 2
    painter.layer.selected_label = 77
    assert painter.label == 3


def test_a_ball_stays_in_its_frame(painter: StrokePainter, strokes: StrokeSet) -> None:
    painter.layer.n_edit_dimensions = 4
    assert painter.layer.n_edit_dimensions == 3
    painter.layer.paint((1, 3, 10, 10), 1)
    assert not strokes.array[0].any()
    assert strokes.array[1].any(axis=(1, 2)).sum() == 5


def test_no_stroke_runs_through_time_when_axes_are_turned(
    painter: StrokePainter, viewer: ViewerModel
) -> None:
    viewer.dims.order = (1, 2, 0, 3)
    assert not painter.layer.editable
    viewer.dims.order = (0, 1, 2, 3)
    assert painter.layer.editable
    viewer.dims.order = (0, 2, 1, 3)
    assert painter.layer.editable


def test_classes_give_the_colours(painter: StrokePainter, strokes: StrokeSet) -> None:
    painter.set_classes([*strokes.classes, LabelClass("current collector", "#112233")])
    colour = painter.layer.get_color(4)
    assert np.allclose(colour, [0x11 / 255, 0x22 / 255, 0x33 / 255, 1], atol=0.01)
    assert painter.layer.get_color(0) is None
    painter.layer.paint((1, 3, 10, 10), 4)
    with pytest.raises(InputError, match="has strokes"):
        painter.set_classes(strokes.classes[:3])
    assert len(strokes.classes) == 4


def test_closed_painters_record_nothing(painter: StrokePainter, strokes: StrokeSet) -> None:
    painter.close()
    painter.layer.paint((1, 3, 10, 10), 1)
    assert strokes.revision == 0


def test_box_of_old_and_new_edits() -> None:
    old = (tuple(np.array(v) for v in ([0, 0], [2, 2], [4, 9], [7, 5])), 0, 1)
    assert edited_box([old], SHAPE) == (slice(0, 1), slice(2, 3), slice(4, 10), slice(5, 8))


def test_a_layer_that_was_deleted_comes_back_with_the_brush(
    painter: StrokePainter, viewer: ViewerModel
) -> None:
    painter.layer.paint((1, 3, 10, 10), 2)
    viewer.layers.remove("strokes")
    painter.choose(1)
    assert viewer.layers.selection.active is painter.layer
    assert painter.layer.mode == "paint"
    before = painter.counts.voxels
    painter.layer.paint((1, 3, 20, 20), 1)
    assert painter.counts.voxels == before | {1: before[2]}
    painter.undo()
    assert painter.counts.voxels == before
