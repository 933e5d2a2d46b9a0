from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
import pytest
import zarr

from operando.errors import Cancelled, InputError
from operando.nets import fastest
from operando.nets.window_size import memory_per_voxel
from operando.segment import Model, choose_backend, predict, predict_blocks, predict_into
from operando.segment.predict import window_grid

if TYPE_CHECKING:
    from operando.compute import Progress
    from operando.compute.tiles import Box


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["operando.segment.predict"], "WINDOW", (8, 24, 24))


def test_probabilities_add_up(model: Model, scene: object) -> None:
    answer = predict(model, scene.image[0], device="cpu")
    assert answer.shape == (3, 16, 48, 48)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(0), 1, atol=1e-5)


@pytest.mark.usefixtures("small_windows")
def test_blocks_equal_the_whole(model: Model, scene: object) -> None:
    whole = predict(model, scene.image[0], device="cpu")
    lazy = da.from_array(scene.image[0], chunks=(5, 48, 20))
    for block in predict_blocks(model, lazy, block=(7, 48, 30), device="cpu"):
        np.testing.assert_array_equal(block.probabilities, whole[:, *block.box])


@pytest.mark.usefixtures("small_windows")
def test_from_zarr_to_zarr_and_on_after_a_stop(model: Model, scene: object) -> None:
    image = zarr.array(scene.image[0], chunks=(8, 24, 24))
    labels = zarr.zeros((16, 48, 48), chunks=(4, 48, 48), dtype="u1")
    probabilities = zarr.zeros((3, 16, 48, 48), chunks=(1, 4, 48, 48), dtype="u1")
    done: list[Box] = []

    def run(stop_after: int) -> None:
        def on_block(box: Box) -> None:
            done.append(box)
            if len(done) == stop_after:
                raise Cancelled

        predict_into(
            model,
            image,
            labels_out=labels,
            probabilities_out=probabilities,
            block=(4, 48, 48),
            is_done=lambda box: box in done,
            on_block=on_block,
            device="cpu",
        )

    with pytest.raises(Cancelled):
        run(2)
    assert not np.asarray(labels[8:]).any()
    run(99)
    assert len(done) == 4
    whole = predict(model, scene.image[0], device="cpu")
    np.testing.assert_array_equal(labels[:], whole.argmax(0) + 1)
    np.testing.assert_allclose(probabilities[:] / 255, whole, atol=0.5 / 255 + 1e-6)


def test_brightness_does_not_matter(model: Model, scene: object) -> None:
    one = predict(model, scene.image[0], device="cpu")
    two = predict(model, scene.image[0] * 7 - 300, device="cpu")
    np.testing.assert_allclose(one, two, atol=1e-3)


def test_another_backend_can_be_plugged_in(model: Model, scene: object) -> None:
    def last_class(windows: np.ndarray) -> np.ndarray:
        answer = np.zeros((len(windows), 3, *windows.shape[2:]), np.float32)
        answer[:, 2] = 1
        return answer

    blocks = predict_blocks(model, scene.image[0], device="cpu", backend=last_class)
    assert all((b.probabilities.argmax(0) == 2).all() for b in blocks)


@pytest.mark.usefixtures("small_windows")
def test_counts_windows_and_stops(model: Model, scene: object) -> None:
    told: list[Progress] = []
    predict(model, scene.image[0], device="cpu", progress=told.append)
    grid = window_grid(model, (16, 48, 48))
    count = np.prod([len(grid.starts(axis)) for axis in range(3)])
    assert (told[-1].done, told[-1].total) == (count, count)

    def stop(record: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        predict(model, scene.image[0], device="cpu", progress=stop)


def test_bad_input_is_refused_with_a_sentence(model: Model, scene: object) -> None:
    with pytest.raises(InputError, match="trained for 1 channel"):
        predict(model, np.zeros((2, 8, 16, 16), np.float32), device="cpu")
    with pytest.raises(InputError, match=r"shape \(4, 4\)"):
        predict(model, np.zeros((4, 4)), device="cpu")
    with pytest.raises(InputError, match="no frame 2; the last one is 1"):
        predict(model, np.zeros((2, 8, 16, 16)), frame=2, device="cpu")
    with pytest.raises(InputError, match="Frame 0 holds only NaN"):
        predict(model, np.full((8, 16, 16), np.nan), device="cpu")


@pytest.mark.usefixtures("small_windows")
def test_what_was_not_imaged_has_no_label(model: Model, scene: object) -> None:
    """A margin of NaN changes nothing of what lies well inside, as if it were not there."""
    image = scene.image[0].astype(np.float32)
    framed = np.pad(image, ((0, 0), (0, 0), (12, 0)), constant_values=np.nan)
    labels = np.full(framed.shape, 9, np.uint8)
    shares = np.full((len(model.classes), *framed.shape), 9, np.uint8)
    predict_into(model, framed, labels_out=labels, probabilities_out=shares, device="cpu")
    assert not labels[..., :12].any()
    assert not shares[..., :12].any()
    alone = predict(model, image, device="cpu").argmax(0) + 1
    inside = labels[..., 12:]
    assert inside.all()
    assert (inside == alone).mean() > 0.98


@pytest.mark.usefixtures("small_windows")
def test_long_jobs_are_computed_in_the_fastest_way_that_agrees(
    model: Model, scene: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = predict(model, scene.image[0], device="cpu", precision="float32")
    monkeypatch.setattr(fastest, "WORTH_TRYING_SECONDS", 0)
    told: list[Progress] = []
    chosen = choose_backend(model, scene.image[0], device="cpu", progress=told.append)
    assert told[0].message == "Trying torch float32"
    told.clear()
    blocks = predict_blocks(
        model, scene.image[0], device="cpu", backend=chosen, progress=told.append
    )
    (block,) = blocks
    assert told[-1].message == f"Segmenting ({chosen.name})"
    # the tolerance is held in the window that was tried, bfloat16 has 8 bits in the others
    np.testing.assert_allclose(block.probabilities, exact, atol=0.05)


def test_windows_fit_into_little_memory(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (100, 400, 300)
    assert window_grid(model, shape).window == (48, 128, 128)
    module = sys.modules["operando.segment.predict"]
    monkeypatch.setattr(module, "free_memory", lambda _: 100 * 2**20)
    window = window_grid(model, shape).window
    assert np.prod(window) * memory_per_voxel(model.architecture) <= 50 * 2**20
    assert window_grid(model, (8, 16, 16)).window == (8, 16, 16)


@pytest.mark.usefixtures("small_windows")
def test_progress_goes_on_where_it_was_and_ends_at_the_end(model: Model, scene: object) -> None:
    """Also where windows are computed twice, for blocks beside each other."""

    def progress_from(first: int) -> list[Progress]:
        told: list[Progress] = []
        blocks = predict_blocks(
            model, scene.image[0], block=(8, 48, 16), device="cpu", progress=told.append,
            is_done=lambda box: box[2].start < first,
        )  # fmt: skip
        list(blocks)
        return told

    whole, rest = progress_from(0), progress_from(32)
    assert all(told[-1].done == told[-1].total for told in (whole, rest))
    assert rest[-1].total == whole[-1].total
    assert 0.5 < next(p.fraction for p in rest if p.done) < 0.8
