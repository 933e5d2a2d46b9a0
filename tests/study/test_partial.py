from __future__ import annotations

import numpy as np
import pytest

from operando import Study, atomic
from operando.steps import make_step, run_step
from operando.study import partial
from operando.study.partial import PartialResult


class Killed(BaseException):
    """The program ends here."""


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {"model": "a"})
    first.content.mkdir()
    first.mark_done("frame 0")

    second = PartialResult(tmp_path / "phases.zarr", {"model": "a"})
    assert second.is_done("frame 0")
    assert not second.is_done("frame 1")
    second.publish()
    assert [p.name for p in tmp_path.iterdir()] == ["phases.zarr"]


def test_several_programs_share_the_work(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {})
    first.content.mkdir()
    second = PartialResult(tmp_path / "phases.zarr", {})
    first.mark_done("frame 0")
    second.mark_done("frame 1")
    third = PartialResult(tmp_path / "phases.zarr", {})
    assert third.is_done("frame 0")
    assert third.is_done("frame 1")
    assert not third.is_done("frame 2")


def test_another_plan_starts_over(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {"model": "a"})
    first.content.mkdir()
    first.mark_done("frame 0")
    second = PartialResult(tmp_path / "phases.zarr", {"model": "b"})
    assert not second.is_done("frame 0")
    assert not second.content.exists()


def test_a_half_written_line_does_not_count(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {})
    first.content.mkdir()
    first.mark_done("frame 1")
    done = next(tmp_path.rglob("done-*.txt"))
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


def test_blocks_without_content_are_not_done(tmp_path):
    first = PartialResult(tmp_path / "phases.zarr", {"model": "a"})
    first.content.mkdir()
    first.mark_done("frame 0")
    first.content.rename(tmp_path / "phases.zarr")
    assert not PartialResult(tmp_path / "phases.zarr", {"model": "a"}).is_done("frame 0")


def _kill_at_removal_of(monkeypatch, ending):
    def remove(path):
        if path.name.endswith(ending):
            raise Killed
        atomic.remove(path)

    monkeypatch.setattr(partial, "remove", remove)


def test_killed_while_the_old_result_is_removed_nothing_of_the_run_is_left(tmp_path, monkeypatch):
    path = tmp_path / "phases.zarr"
    path.mkdir()
    run = PartialResult(path, {})
    run.content.mkdir()
    (run.content / "new").touch()
    run.mark_done("frame 0")
    _kill_at_removal_of(monkeypatch, ".old")
    with pytest.raises(Killed):
        run.publish()
    assert [p.name for p in path.iterdir()] == ["new"]
    assert not partial.unfinished_folder(path).exists()


def test_what_was_only_partly_thrown_away_is_not_taken_up_again(tmp_path, monkeypatch):
    path = tmp_path / "phases.zarr"
    run = PartialResult(path, {})
    run.content.mkdir()
    run.mark_done("frame 0")
    _kill_at_removal_of(monkeypatch, ".unfinished")
    with pytest.raises(Killed):
        run.discard()
    monkeypatch.undo()
    assert not PartialResult(path, {}).is_done("frame 0")


@pytest.mark.parametrize("ending", [".old", ".unfinished", "plan.json"])
def test_a_result_made_again_after_a_kill_at_its_end_is_whole(tmp_path, rng, monkeypatch, ending):
    images = rng.integers(20, 220, (2, 8, 20, 20)).astype(np.uint8)
    again = make_step("denoise", {"result": "clean"})
    with Study.create(tmp_path / "cell", images, voxel_size=(1, 1, 1)) as study:
        run_step(study, make_step("intensity", {"result": "clean"}))
        _kill_at_removal_of(monkeypatch, ending)
        with pytest.raises(Killed):
            run_step(study, again)
        monkeypatch.undo()
    with Study.open(study.path) as study:
        run_step(study, again)
        cleaned = study.image_series("images/clean").data.compute()
    assert cleaned.mean() == pytest.approx(images.mean(), rel=0.02)
