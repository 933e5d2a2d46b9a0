from __future__ import annotations

import sys

import numpy as np
import pytest

from operando.errors import FileError
from operando.study.journal import Journal


@pytest.fixture
def array():
    return np.zeros((1, 4, 6, 6), np.uint8)


def paint(journal, array, value, box):
    before = array[box].copy()
    array[box] = value
    journal.record(box, before, array[box])


BOX = (slice(0, 1), slice(1, 2), slice(2, 5), slice(0, 3))
OTHER = (slice(0, 1), slice(1, 3), slice(0, 4), slice(1, 6))


def test_undo_and_redo_walk_through_the_states(tmp_path, array):
    journal = Journal(tmp_path / "a.journal")
    states = [array.copy()]
    for value, box in ((1, BOX), (2, OTHER), (3, BOX)):
        paint(journal, array, value, box)
        states.append(array.copy())
    for state in reversed(states[:-1]):
        journal.undo(array)
        np.testing.assert_array_equal(array, state)
    assert journal.undo(array) is None
    for state in states[1:]:
        journal.redo(array)
        np.testing.assert_array_equal(array, state)
    assert journal.redo(array) is None


def test_history_survives_reopening(tmp_path, array):
    journal = Journal(tmp_path / "a.journal")
    paint(journal, array, 1, BOX)
    after_first = array.copy()
    paint(journal, array, 2, OTHER)
    after_second = array.copy()
    journal.undo(array)

    reopened = Journal(tmp_path / "a.journal")
    assert reopened.redo(array) == OTHER
    np.testing.assert_array_equal(array, after_second)
    reopened.undo(array)
    np.testing.assert_array_equal(array, after_first)
    assert reopened.undo(array) == BOX
    assert not array.any()


def test_a_new_edit_forgets_what_was_undone(tmp_path, array):
    journal = Journal(tmp_path / "a.journal")
    paint(journal, array, 1, BOX)
    journal.undo(array)
    paint(journal, array, 2, OTHER)
    assert not journal.can_redo
    assert not Journal(tmp_path / "a.journal").can_redo


@pytest.mark.parametrize("lost", [1, 7, 20])
def test_a_record_cut_short_by_a_crash_is_dropped(tmp_path, array, lost):
    path = tmp_path / "a.journal"
    journal = Journal(path)
    paint(journal, array, 1, BOX)
    kept = array.copy()
    size = path.stat().st_size
    paint(journal, array, 2, OTHER)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - lost)

    reopened = Journal(path)
    assert path.stat().st_size == size
    array[:] = kept
    assert reopened.undo(array) == BOX
    assert not array.any()


def test_one_who_only_looks_leaves_what_is_being_written(tmp_path, array):
    path = tmp_path / "a.journal"
    paint(Journal(path), array, 1, BOX)
    half = path.read_bytes() + b"E\x05\x00"
    path.write_bytes(half)
    assert Journal(path, writable=False).count == 1
    assert path.read_bytes() == half


@pytest.mark.skipif(sys.platform == "win32", reason="files have no largest size")
def test_a_record_without_room_on_the_disk_is_not_begun(tmp_path, array):
    import resource
    import signal

    path = tmp_path / "a.journal"
    journal = Journal(path)
    paint(journal, array, 1, BOX)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
        with pytest.raises(FileError, match="cannot be written"):
            paint(journal, array, 2, OTHER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    paint(journal, array, 3, BOX)
    assert journal.count == 2
    assert Journal(path).count == 2


@pytest.mark.parametrize("step", ["undo", "redo"])
def test_what_cannot_be_noted_is_not_done(tmp_path, array, monkeypatch, step):
    journal = Journal(tmp_path / "a.journal")
    paint(journal, array, 1, BOX)
    paint(journal, array, 2, OTHER)
    journal.undo(array)
    before, held = array.copy(), journal.count
    with monkeypatch.context() as full:
        full.setattr(Journal, "_append", _no_room)
        with pytest.raises(FileError):
            getattr(journal, step)(array)
    np.testing.assert_array_equal(array, before)
    assert journal.count == held
    assert getattr(journal, step)(array) is not None


def _no_room(*args):
    raise FileError("The disk is full", "free some space")
