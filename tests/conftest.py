from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from operando.compute.threads import limit_numba, wait_asleep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from xdist.scheduler import Scheduling

    from operando import Study
    from operando.samples import Electrode

# Threads that wait for each other leave the processor to windows and child processes meanwhile:
# small networks then learn in a tenth of the time where something else runs.
wait_asleep()
limit_numba()

Point = tuple[float, float, float]
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Give each process one thread: together they have the cores."""
    for library in ("OMP", "NUMBA"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Keep a file in one process, and all windows in one: they share the screen."""
    from xdist.scheduler import LoadFileScheduling

    class OneScreen(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "windows" if nodeid.startswith("tests/ui/") else super()._split_scope(nodeid)

    return OneScreen(config, log)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files that lie beside the repository, where they are."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the folder with real data is not here")
    return SHARED / "data"


@pytest.fixture(scope="session")
def electrode() -> Electrode:
    """A small synthetic electrode of two frames, with truth."""
    from operando.samples import ElectrodeSettings, make_electrode

    return make_electrode(ElectrodeSettings(shape=(32, 64, 64), frames=2), seed=1)


@pytest.fixture
def study(tmp_path: Path, electrode: Electrode) -> Iterator[Study]:
    """A study of the small electrode, with strokes painted on it."""
    from operando import Study
    from operando.samples import paint_strokes

    with Study.create(
        tmp_path / "cell", electrode.images, voxel_size=electrode.voxel_size, times=electrode.times
    ) as made:
        strokes = paint_strokes(electrode.phases, seed=0)
        made.strokes().paint(tuple(slice(0, n) for n in strokes.shape), strokes)
        yield made


@pytest.fixture
def write_particles(study: Study, electrode: Electrode) -> Callable[[], None]:
    """Put the true particles and their table into the small study."""
    from operando.files.ome_zarr import create_image

    def write() -> None:
        ids = create_image(
            study.product_path("particles/particles"),
            electrode.ids.shape,
            "int32",
            axes="tzyx",
            voxel_size=study.voxel_size,
            times=study.times,
        )
        ids[:] = electrode.ids
        study.write_table("particles", electrode.table)

    return write


def ellipsoid(
    shape: tuple[int, int, int],
    centre: Point,
    half_axes: Point,
    spacing: Point = (1, 1, 1),
    turn: NDArray[Any] | None = None,
) -> NDArray[np.bool_]:
    """Mask of an ellipsoid; centre and half axes in physical units, voxel (0, 0, 0) at 0."""
    grid = [np.arange(n) * s - c for n, s, c in zip(shape, spacing, centre, strict=True)]
    points = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1)
    if turn is not None:
        points = points @ turn
    return np.asarray(((points / half_axes) ** 2).sum(-1) < 1)


def slab(shape: tuple[int, int, int], normal: Point, point: Point, width: float) -> NDArray[Any]:
    """Mask of the voxels within half a width of a plane."""
    n = np.asarray(normal) / np.linalg.norm(normal)
    grid = np.indices(shape).reshape(3, -1).T - point
    return np.asarray((np.abs(grid @ n) < width / 2).reshape(shape))


@pytest.fixture
def make_ellipsoid() -> Callable[..., NDArray[np.bool_]]:
    return ellipsoid


@pytest.fixture
def make_slab() -> Callable[..., NDArray[np.bool_]]:
    return slab


@pytest.fixture
def trained() -> Callable[..., None]:
    """Keeps a model in a study as if it had been trained: name, start, Dice, settings."""
    return _keep_trained


@pytest.fixture
def score() -> Callable[..., None]:
    """Keeps scores of a model for two frames, as the step ``score-model`` would."""
    return _keep_score


def _keep_trained(study: Study, name: str, started: str, dice: float, **settings: object) -> None:
    """Keep a model as if it had been trained."""
    from dataclasses import replace

    from operando.segment import TrainSettings, pretrained
    from operando.study.record import Entry

    model = replace(
        pretrained(),
        settings=TrainSettings(**settings).model_dump(),
        scores={
            "held_out_dice": dice,
            "strokes": 12,
            "stroke_voxels": 99,
            "held_out_iou_pore": 0.8,
        },
        curve=np.array([[1, 0.5, 0.4, dice]]),
    )
    model.save(study.product_path(f"models/{name}"))
    entry = Entry(
        step="train",
        settings={"model": name, "start": "pretrained"},
        outputs=(f"models/{name}",),
        started=started,
        seconds=60,
    )
    study.add_entry(entry)


def _keep_score(study: Study, name: str) -> None:
    """Keep scores of two frames as the step `score-model` would."""
    import pandas as pd

    from operando.study.record import Entry

    rows = [
        {
            "frame": t,
            "phase": phase,
            "iou": 0.5 + 0.1 * t,
            "boundary_um": 0.2,
            "reference_voxels": 100,
            "labelled_voxels": 50 * (k + 1),
            "reference_interface_um2": 7.0,
            "interface_um2": 3.0 + 2 * t,
        }
        for t in (0, 1)
        for k, phase in enumerate(("pore", "binder", "particle"))
    ]
    study.write_table(f"{name}_score", pd.DataFrame(rows))
    study.add_entry(
        Entry(
            step="score-model",
            settings={"model": name},
            inputs={f"models/{name}": study.fingerprint(f"models/{name}")},
            outputs=(f"tables/{name}_score",),
            values={"accuracy": 0.95, "mean_dice": 0.85},
        )
    )
