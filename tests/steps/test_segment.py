from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from operando import Study
from operando.errors import Cancelled
from operando.nets import fastest
from operando.segment import predict, pretrained
from operando.steps import STEPS, run_step

if TYPE_CHECKING:
    from pathlib import Path

    from operando.compute import Progress
    from operando.samples import Electrode

PORE = np.array([1, 0, 0], np.float32).reshape(3, 1, 1, 1)


def test_labels_are_those_of_the_model_in_single_precision(
    study: Study, electrode: Electrode
) -> None:
    model = pretrained()
    model.save(study.product_path("models/model"))
    entry = run_step(study, STEPS["segment"](device="cpu", precision="float32"))
    assert entry.values["probability_difference"] == 0
    labels = np.asarray(study.open_array("phases/phases"))
    for t, image in enumerate(electrode.images):
        expected = predict(model, image, device="cpu", precision="float32").argmax(0) + 1
        np.testing.assert_array_equal(labels[t].reshape(image.shape), expected)


def test_the_way_of_long_jobs_is_told_and_recorded(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastest, "WORTH_TRYING_SECONDS", 0)
    pretrained().save(study.product_path("models/model"))
    told: list[Progress] = []
    entry = run_step(study, STEPS["segment"](device="cpu"), told.append)
    assert told[0].message == "Trying torch float32"
    name = told[-1].message.removeprefix("Segmenting (").removesuffix(")")
    assert name in {"torch float32", "torch bfloat16", "OpenVINO float32", "OpenVINO bfloat16"}
    difference = entry.values["probability_difference"]
    assert (difference == 0) == (name == "torch float32")
    assert difference <= fastest.TOLERANCE


def test_blocks_of_another_precision_are_not_taken_up(
    study: Study, electrode: Electrode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was stopped had found bfloat16 fastest, here far from single precision."""
    exact = fastest.fastest_backend

    def all_pore(*args: Any, **options: Any) -> fastest.FastestBackend:
        reference = exact(*args, **options)
        return fastest.FastestBackend(lambda windows: reference(windows) * PORE, "torch bfloat16")

    def stop(progress: Progress) -> None:
        if progress.total and progress.done > 0.6 * progress.total:
            raise Cancelled

    pretrained().save(study.product_path("models/model"))
    with monkeypatch.context() as patch:
        patch.setattr(fastest, "fastest_backend", all_pore)
        with pytest.raises(Cancelled):
            run_step(study, STEPS["segment"](device="cpu"), stop)
    run_step(study, STEPS["segment"](device="cpu", precision="float32"))
    first = predict(pretrained(), electrode.images[0], device="cpu", precision="float32")
    labels = np.asarray(study.open_array("phases/phases"))
    np.testing.assert_array_equal(labels[0].reshape(first.shape[1:]), first.argmax(0) + 1)


def test_a_margin_that_counts_as_a_phase_is_told(tmp_path: Path, electrode: Electrode) -> None:
    """Its share of a slice is known; without one, nothing is said."""
    y, x = np.ogrid[:64, :64]
    outside = np.hypot(y - 31.5, x - 31.5) > 32
    for name, images in (
        ("zeros", np.where(outside, 0, electrode.images)),
        ("whole", electrode.images),
        ("nan", np.where(outside, np.nan, electrode.images).astype(np.float32)),
    ):
        with Study.create(tmp_path / name, images, voxel_size=electrode.voxel_size) as study:
            pretrained().save(study.product_path("models/model"))
            entry = run_step(study, STEPS["segment"](device="cpu"))
            labels = np.asarray(study.open_array("phases/phases"))[0, 0][outside]
        told = f"⚠ {100 * outside.mean():.0f} % of every slice is a margin of the grey value 0"
        assert entry.summary.startswith(told) == (name == "zeros")
        if name == "zeros":
            phase = ("pore", "binder", "particle")[np.bincount(labels).argmax() - 1]
            assert f"counts as {phase}:" in entry.summary


def test_a_model_of_another_voxel_size_is_told(study: Study) -> None:
    z, y, x = study.voxel_size
    for factor, told in ((1.2, False), (2.0, True), (0.5, True)):
        size = (z, y, factor * x)
        replace(pretrained(), voxel_size=size).save(study.product_path("models/model"))
        summary = run_step(study, STEPS["segment"](device="cpu")).summary
        assert summary.startswith(f"⚠ the model learnt on voxels of {z:.3g} × {y:.3g} × ") == told
