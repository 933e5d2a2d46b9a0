from __future__ import annotations

from operando.study.partial import PartialResult


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {"model": "a"})
    first.content.mkdir()
    first.mark_done("frame 0")

    second = PartialResult(tmp_path / "phases.zarr", {"model": "a"})
    assert second.is_done("frame 0")
    assert not second.is_done("frame 1")
    second.publish()
    assert [p.name for p in tmp_path.iterdir()] == ["phases.zarr"]


def test_another_plan_starts_over(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {"model": "a"})
    first.content.mkdir()
    first.mark_done("frame 0")
    second = PartialResult(tmp_path / "phases.zarr", {"model": "b"})
    assert not second.is_done("frame 0")
    assert not second.content.exists()


def test_a_half_written_line_does_not_count(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {})
    first.mark_done("frame 1")
    done = next(tmp_path.rglob("done.txt"))
    done.write_text("frame 1\nframe 1")
    assert PartialResult(tmp_path / "phases.zarr", {}).is_done("frame 1")
    done.write_text("frame 1")
    assert not PartialResult(tmp_path / "phases.zarr", {}).is_done("frame 1")


def test_publishing_replaces_what_was_there(tmp_path):
    old = tmp_path / "phases.zarr"
    old.mkdir()
    (old / "old").touch()
    run = PartialResult(old, {})
    run.content.mkdir()
    (run.content / "new").touch()
    run.publish()
    assert [p.name for p in old.iterdir()] == ["new"]
