from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile

from operando.data import LabelClass
from operando.errors import FileError, InputError, StudyError
from operando.study.strokes import StrokeSet

SHAPE = (2, 5, 16, 16)


@pytest.fixture
def strokes(tmp_path):
    return StrokeSet(tmp_path, "strokes", SHAPE)


def box(t, z, y, x, size=3):
    return (slice(t, t + 1), slice(z, z + 1), slice(y, y + size), slice(x, x + size))


def test_painting_is_counted_and_located(strokes):
    strokes.paint(box(0, 2, 1, 1), 1)
    strokes.paint(box(1, 4, 5, 5, size=2), 3)
    assert strokes.voxel_counts() == {1: 9, 3: 4}
    assert strokes.painted_slices == [(0, 2), (1, 4)]


def test_a_box_may_hold_numpy_numbers_and_reach_beyond_the_images(strokes):
    corner = np.array([1, 3, 14, 14])
    strokes.paint(tuple(slice(a, a + 4) for a in corner), 2)
    assert strokes.voxel_counts() == {2: 2 * 2 * 2}
    assert strokes.painted_slices == [(1, 3), (1, 4)]
    strokes.undo()
    assert not strokes.array.any()


def test_reopening_gives_strokes_classes_and_history_back(tmp_path, strokes):
    classes = (LabelClass("pore", "#112233"), LabelClass("graphite", "#445566"))
    strokes.set_classes(classes)
    strokes.paint(box(1, 3, 2, 2), 2)
    strokes.flush()

    reopened = StrokeSet(tmp_path, "strokes", SHAPE)
    assert reopened.classes == classes
    assert reopened.revision == strokes.revision
    assert reopened.voxel_counts() == {2: 9}
    reopened.undo()
    assert not reopened.array.any()


def test_every_edit_changes_the_revision(strokes):
    seen = {strokes.revision}
    strokes.paint(box(0, 0, 0, 0), 1)
    seen.add(strokes.revision)
    strokes.undo()
    seen.add(strokes.revision)
    strokes.redo()
    seen.add(strokes.revision)
    assert len(seen) == 4


def test_the_file_is_sparse(tmp_path):
    big = StrokeSet(tmp_path, "big", (4, 256, 512, 512))
    big.paint(box(3, 200, 400, 400), 1)
    big.flush()
    stat = (tmp_path / "big.u8").stat()
    assert stat.st_size == 4 * 256 * 512 * 512
    assert stat.st_blocks * 512 < 1_000_000


def test_an_edit_made_by_the_brush_is_recorded(strokes):
    where = box(0, 1, 4, 4)
    before = strokes.array[where].copy()
    strokes.array[where] = 2
    strokes.record(where, before)
    assert strokes.painted_slices == [(0, 1)]
    strokes.undo()
    assert not strokes.array.any()


def test_a_label_without_a_class_is_refused_and_changes_nothing(strokes):
    one_of_many = np.arange(-4, 5).reshape(1, 1, 3, 3).clip(0)
    for labels in (4, one_of_many):
        with pytest.raises(InputError, match="label 4, but there are 3 classes"):
            strokes.paint(box(0, 0, 0, 0), labels)
    assert not strokes.array.any()


@pytest.mark.parametrize("wrong", [-1, 1.5, np.nan])
def test_what_is_no_label_is_refused_and_changes_nothing(tmp_path, strokes, wrong):
    with pytest.raises(InputError, match="label"):
        strokes.paint(box(0, 0, 0, 0), wrong)
    labels = np.zeros(SHAPE)
    labels[0, 1, 2, 3], labels[1, 1, 2, 3] = 1, wrong
    np.save(tmp_path / "wrong.npy", labels)
    with pytest.raises(InputError, match="label"):
        strokes.load(tmp_path / "wrong.npy")
    assert not strokes.array.any()
    assert not strokes.can_undo


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_damaged_ones_are_refused(tmp_path, strokes, text):
    strokes.paint(box(0, 0, 0, 0), 1)
    strokes.flush()
    if text is None:
        (tmp_path / "strokes.json").unlink()
    else:
        (tmp_path / "strokes.json").write_text(text)
    with pytest.raises(StudyError, match=r"damaged.*; restore"):
        StrokeSet(tmp_path, "strokes", SHAPE)
    assert (tmp_path / "strokes.u8").read_bytes().count(1) == 9


def test_a_class_with_strokes_cannot_be_dropped(strokes):
    strokes.paint(box(0, 0, 0, 0), 3)
    with pytest.raises(InputError, match="particle"):
        strokes.set_classes(strokes.classes[:2])
    assert len(strokes.classes) == 3


def test_other_images_are_refused(tmp_path, strokes):
    assert strokes.array.shape == SHAPE
    with pytest.raises(StudyError, match="painted on images of"):
        StrokeSet(tmp_path, "strokes", (2, 5, 16, 17))


def test_loading_a_label_image(tmp_path, strokes):
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 2, 3:6, 4] = 2
    tifffile.imwrite(tmp_path / "labels.tif", labels, imagej=True, metadata={"axes": "TZYX"})
    strokes.load(tmp_path / "labels.tif")
    np.testing.assert_array_equal(strokes.array, labels)
    assert strokes.painted_slices == [(1, 2)]


def test_labels_of_single_slices_are_those_of_the_frames(tmp_path):
    """A TIFF of three pages is read as a volume; the images are three frames of a slice."""
    slices = StrokeSet(tmp_path, "slices", (3, 1, 8, 9))
    labels = np.zeros((3, 8, 9), np.uint8)
    labels[2, 3:6, 4] = 2
    tifffile.imwrite(tmp_path / "labels.tif", labels, photometric="minisblack")
    slices.load(tmp_path / "labels.tif")
    np.testing.assert_array_equal(slices.array[:, 0], labels)
    assert slices.painted_slices == [(2, 0)]


def test_loading_another_shape_is_refused(tmp_path, strokes):
    tifffile.imwrite(tmp_path / "labels.tif", np.zeros((5, 16, 15), np.uint8))
    with pytest.raises(InputError, match="choose strokes"):
        strokes.load(tmp_path / "labels.tif")


LINE = slice(0, 3)


@pytest.mark.parametrize(
    ("box", "values", "words"),
    [
        ((LINE, LINE, LINE), 1, "no box of voxels"),
        ((0, 0, LINE, LINE), 1, "no box of voxels"),
        ((LINE, LINE, LINE, slice(None, None, 2)), 1, "without steps"),
        ((LINE, LINE, LINE, LINE), np.ones((2, 2)), r"\(2, 2\) do not fit"),
        ((LINE, LINE, LINE, LINE), "pore", "no label"),
    ],
)
def test_what_is_no_stroke_is_refused_and_changes_nothing(strokes, box, values, words):
    with pytest.raises(InputError, match=words):
        strokes.paint(box, values)
    assert not strokes.array.any()
    assert strokes.revision == 0


def test_a_stroke_that_cannot_be_recorded_is_taken_back(strokes, monkeypatch):
    strokes.paint(box(0, 1, 4, 4), 1)
    before = strokes.array.copy()

    def no_room(*args):
        raise FileError("The disk is full", "free some space")

    monkeypatch.setattr(strokes._journal, "record", no_room)
    with pytest.raises(FileError):
        strokes.paint(box(0, 1, 5, 5), 2)
    np.testing.assert_array_equal(strokes.array, before)


def test_one_who_only_looks_does_not_touch_the_history(tmp_path, strokes):
    strokes.paint(box(0, 1, 4, 4), 1)
    journal = tmp_path / "strokes.journal"
    journal.write_bytes(journal.read_bytes() + b"E")
    seen = StrokeSet(tmp_path, "strokes", SHAPE, writable=False)
    assert seen.voxel_counts() == {1: 9}
    assert journal.read_bytes().endswith(b"E")


def test_a_disk_that_is_as_good_as_full_is_not_painted_on(strokes, monkeypatch):
    """A memory map without room ends the program with a bus error."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=3_000_000))
    with pytest.raises(FileError, match="3 MB left; free some space before you paint on"):
        strokes.paint(box(0, 1, 4, 4), 1)
    assert not strokes.array.any()
