from __future__ import annotations

import sys

import numpy as np
import pytest

from operando.errors import Cancelled, InputError, OperandoError, StudyError
from operando.jobs import cluster as rooms
from operando.jobs.cluster import run_on_cluster
from operando.steps import make_step, run_step
from operando.study.underway import FOLDER

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def strain(**settings):
    return make_step("strain", {"window": 15, "spacing": 8} | settings)


def backwards():
    return strain(reference=1, deformed=0)


def test_the_numbers_are_those_of_this_machine(study, scheduler):
    here = run_step(study, strain())
    expected = study.field("000-001")
    study.remove("strain/000-001")
    [(_, there)] = run_on_cluster(study, [strain()], scheduler)
    # Sums of another number of threads round differently.
    np.testing.assert_allclose(
        study.field("000-001").displacement, expected.displacement, atol=1e-4
    )
    assert there.values == pytest.approx(here.values, rel=1e-2, abs=1e-4)
    assert there.inputs == here.inputs
    assert study.entries[-1] == there


def test_steps_that_only_read_the_same_run_side_by_side(study, scheduler):
    messages = set()
    steps = [strain(), backwards()]
    ran = run_on_cluster(study, steps, scheduler, lambda p: messages.add(p.message))
    assert {step for step, _ in ran} == set(steps)
    assert study.products("strain") == ["000-001", "001-000"]
    assert any("of 2 parts at work" in message for message in messages)


def test_a_step_waits_for_what_it_reads(study, scheduler):
    training = make_step("train", {"settings": {"effort": "instant"}})
    steps = [training, make_step("segment", {}), strain()]
    order = [step.name for step, _ in run_on_cluster(study, steps, scheduler)]
    assert order.index("train") < order.index("segment")
    assert [study.products(kind) for kind in ("phases", "strain")] == [["phases"], ["000-001"]]


def test_frames_are_segmented_apart(study, scheduler):
    training = make_step("train", {"settings": {"effort": "instant"}})
    run_step(study, training)
    segment = make_step("segment", {"precision": "float32"})
    here = run_step(study, segment)
    labels = np.asarray(study.phases("phases")[0])
    study.remove("phases/phases")
    messages = set()
    [(_, there)] = run_on_cluster(study, [segment], scheduler, lambda p: messages.add(p.message))
    assert any("of 2 parts at work" in message for message in messages)
    assert (np.asarray(study.phases("phases")[0]) != labels).mean() < 1e-3
    assert there.values == pytest.approx(here.values, abs=1e-3)


def test_what_runs_beside_a_failing_step_is_kept(study, scheduler):
    steps = [strain(), make_step("segment", {})]
    with pytest.raises(StudyError, match="Segment needs models/model"):
        list(run_on_cluster(study, steps, scheduler))
    assert [entry.step for entry in study.entries] == ["strain"]


def test_a_failure_on_a_worker_stops_what_comes_after(study, scheduler):
    steps = [make_step("improve-splitter", {}), strain()]
    with pytest.raises(OperandoError) as here:
        run_step(study, steps[0])
    with pytest.raises(OperandoError) as there:
        list(run_on_cluster(study, steps, scheduler))
    assert str(there.value) == str(here.value)
    assert not list((study.path / FOLDER).iterdir())
    assert study.entries == []


def test_a_frame_that_is_not_there_is_told_before_anything_runs(study, scheduler):
    with pytest.raises(InputError, match="no frame 9"):
        list(run_on_cluster(study, [strain(), strain(deformed=9)], scheduler))
    assert study.entries == []


def test_cancel_ends_the_work_on_the_workers(study, scheduler):
    def cancel_once_begun(progress):
        if "Train" in progress.message:
            raise Cancelled

    training = make_step("train", {"settings": {"effort": "thorough"}})
    with pytest.raises(Cancelled):
        list(run_on_cluster(study, [training], scheduler, cancel_once_begun))
    with distributed.Client(scheduler, set_as_default=False) as client:
        assert not any(client.processing().values())
    assert not list((study.path / FOLDER).iterdir())
    assert study.products("models") == []
    assert study.entries == []


def test_a_worker_that_does_not_see_the_study(study, scheduler):
    study.path = study.path.with_name("elsewhere.operando")
    with pytest.raises(StudyError, match="does not see"):
        list(run_on_cluster(study, [strain()], scheduler))


def test_another_version_on_the_workers(study, scheduler, monkeypatch):
    monkeypatch.setattr(rooms, "__version__", "0.0.1")
    with pytest.raises(StudyError, match=r"this program 0\.0\.1"):
        list(run_on_cluster(study, [strain()], scheduler))


def test_an_address_without_scheduler(study, monkeypatch):
    monkeypatch.setattr(rooms, "_SECONDS_TO_CONNECT", 0.5)
    with pytest.raises(InputError, match="There is no dask scheduler at"):
        list(run_on_cluster(study, [strain()], "tcp://127.0.0.1:9"))


def test_without_dask_distributed(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError, match="not installed"):
        list(run_on_cluster(study, [strain()], "tcp://127.0.0.1:9"))
