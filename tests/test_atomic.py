from __future__ import annotations

import errno
import os

import pytest

from operando import atomic
from operando.errors import FileError


def test_replacing_leaves_the_old_file_when_writing_fails(tmp_path):
    target = tmp_path / "table.txt"
    target.write_text("old")
    with pytest.raises(ValueError, match="broken"):
        _write_half(target)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.txt"]


def _write_half(target):
    with atomic.replacing(target) as partial:
        partial.write_text("half")
        raise ValueError("broken")


def test_replacing_swaps_whole_folders(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    (target / "old.json").write_text("{}")
    with atomic.replacing(target) as partial:
        partial.mkdir()
        (partial / "new.json").write_text("{}")
    assert [p.name for p in target.iterdir()] == ["new.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_another_program_made_meanwhile_stays(tmp_path):
    for name in ("ours", "theirs"):
        with atomic.making(tmp_path / "content") as partial:
            partial.mkdir()
            (partial / name).touch()
    assert [p.name for p in (tmp_path / "content").iterdir()] == ["ours"]
    assert [p.name for p in tmp_path.iterdir()] == ["content"]


def test_a_folder_that_is_only_half_made_is_not_there(tmp_path):
    with pytest.raises(FileError), atomic.making(tmp_path / "content") as partial:
        (partial / "too deep").mkdir()
    assert not list(tmp_path.iterdir())


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "scan.tif").write_text("scan")
    with pytest.raises(FileError, match=r"results is a folder; name a file"):
        atomic.write_text(tmp_path / "results", "page")
    assert (tmp_path / "results" / "scan.tif").read_text() == "scan"
    assert [p.name for p in tmp_path.iterdir()] == ["results"]


def test_a_file_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    (tmp_path / "study.json").write_text("old")
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (done.append("disk"), fsync(number)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("name"), replace(*paths)))
    atomic.write_text(tmp_path / "study.json", "new")
    assert done == ["disk", "name"]
    assert (tmp_path / "study.json").read_text() == "new"


def test_what_a_killed_program_left_is_tidied_up(tmp_path):
    (tmp_path / ".phases.zarr.0a1b2c3d.partial").mkdir()
    (tmp_path / ".table.parquet.0a1b2c3d.partial").touch()
    for name in (".model.1.0a1b2c3d.old", ".other.0a1b2c3d.old", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(name)
    (tmp_path / ".phases.zarr.unfinished").mkdir()
    atomic.tidy(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"model.1", "other", ".phases.zarr.unfinished"}
    assert (tmp_path / "other" / "weights").read_text() == "other"
    atomic.tidy(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "may not be written")]
)
def test_disk_errors_become_sentences(tmp_path, number, words):
    with pytest.raises(FileError, match=words), atomic.plain_disk_errors(tmp_path / "a"):
        raise OSError(number, "no")


def test_other_disk_errors_say_what_failed(tmp_path):
    missing = tmp_path / "missing" / "a"
    with (
        pytest.raises(FileError, match=r"missing.a cannot be written \(.*No such file"),
        atomic.replacing(missing, make_folder=False) as partial,
    ):
        partial.write_text("")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("n_files", [3, atomic.MOST_FILES + 1])
def test_all_files_of_a_folder_are_on_the_disk_before_it_takes_its_place(
    tmp_path, monkeypatch, n_files
):
    written, flushed = set(), set()
    replace = os.replace

    def checked(new, path):
        assert written
        assert flushed == written
        replace(new, path)

    monkeypatch.setattr(os, "fsync", lambda number: flushed.add(os.fstat(number).st_ino))
    monkeypatch.setattr(os, "sync", lambda: flushed.update(written), raising=False)
    monkeypatch.setattr(os, "replace", checked)
    with atomic.replacing(tmp_path / "result.zarr") as partial:
        for k in range(n_files):
            file = partial / str(k % 2) / str(k)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("1")
            written.add(file.stat().st_ino)
    assert (tmp_path / "result.zarr" / "0" / "0").read_text() == "1"
