from __future__ import annotations

from operando.steps import make_step, run_step


def test_every_frame_is_judged(study):
    entry = run_step(study, make_step("quality", {"slices": 6}))
    table = study.table("quality")
    assert list(table["frame"]) == [0, 1]
    assert list(table["time_h"]) == list(study.times)
    assert len(study.table("quality-slices")) == 12
    assert 0 < entry.values["mean_score"] < 100
