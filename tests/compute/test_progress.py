from __future__ import annotations

import time

import pytest

from operando.compute import PartProgress, Progress, Stopwatch
from operando.errors import Cancelled


def test_the_fraction() -> None:
    assert Progress(done=1, total=4).fraction == 0.25
    assert Progress(done=5, total=4).fraction == 1
    assert Progress(done=3, total=0).fraction is None


def test_every_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    seen: list[Progress] = []
    watch = Stopwatch(seen.append, 4, "tiles", "Cutting")
    now[0] += 2
    watch.advance()
    now[0] += 4
    watch.advance(2, message="Nearly there", values={"loss": 0.5})
    assert [p.done for p in seen] == [0, 1, 3]
    assert [p.seconds_left for p in seen] == [None, 6, 2]
    assert [p.message for p in seen] == ["Cutting", "Cutting", "Nearly there"]
    assert seen[-1].values == {"loss": 0.5}
    assert seen[-1].unit == "tiles"


def test_no_time_left_is_told_without_a_total() -> None:
    seen: list[Progress] = []
    Stopwatch(seen.append, 0, "steps").advance(3)
    assert seen[-1].fraction is None
    assert seen[-1].seconds_left is None


def test_time_left_is_never_negative() -> None:
    seen: list[Progress] = []
    Stopwatch(seen.append, 2, "steps").advance(5)
    assert seen[-1].seconds_left == 0


def test_nobody_need_listen() -> None:
    Stopwatch(None, 3, "tiles").advance()


def test_a_callback_can_stop_the_work() -> None:
    def stop(progress: Progress) -> None:
        if progress.done:
            raise Cancelled

    watch = Stopwatch(stop, 3, "tiles")
    with pytest.raises(Cancelled):
        watch.advance()


def test_parts_add_up_to_the_whole() -> None:
    seen: list[Progress] = []
    whole = PartProgress(seen.append, 4)
    for _ in range(4):
        for done in (0, 5, 10):
            whole(Progress(done=done, total=10, seconds_left=2.0 * (10 - done)))
        whole.next_part()
    assert [p.fraction for p in seen] == [
        k / 40 for k in (0, 5, 10, 10, 15, 20, 20, 25, 30, 30, 35, 40)
    ]
    assert seen[1].seconds_left == 10 + 3 * 20
    assert seen[-1].seconds_left == 0


def test_what_was_done_before_says_nothing_of_the_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    seen: list[Progress] = []
    watch = Stopwatch(seen.append, 10, "steps")
    for _ in range(7):
        watch.skip(values={"loss": 0.5})
    now[0] += 4
    watch.advance()
    assert [p.done for p in seen] == list(range(9))
    assert [p.seconds_left for p in seen] == [None] * 8 + [8]
    assert seen[3].values == {"loss": 0.5}
