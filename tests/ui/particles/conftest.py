from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from napari.components import ViewerModel

from operando.files.ome_zarr import create_image
from operando.study.phases import create_phases
from operando.ui.particles.view import ParticleView
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from operando import Study
    from operando.samples import Electrode


@pytest.fixture
def keep(study: Study) -> Callable[[str, NDArray[Any]], None]:
    """Keeps a volume of all frames in the study as a step would: name and values."""

    def keep_volume(name: str, values: NDArray[Any]) -> None:
        array = create_image(
            study.product_path(f"particles/{name}"),
            values.shape,
            values.dtype.name,
            axes="tzyx",
            voxel_size=study.voxel_size,
            times=study.times,
        )
        array[:] = values

    return keep_volume


@pytest.fixture
def found(study: Study, electrode: Electrode, keep: Callable[..., None]) -> Study:
    """The study with its true phases and ids."""
    labels, _ = create_phases(
        study.product_path("phases/phases"), study.series, study.strokes().classes
    )
    labels[:] = electrode.phases
    keep("particles", electrode.ids)
    return study


@pytest.fixture
def session(found: Study) -> Iterator[Session]:
    """A session in which the study with true phases and ids is open."""
    session = Session(ViewerModel())
    session.show_study(found)
    yield session
    session.close()


@pytest.fixture
def show(session: Session) -> Iterator[Callable[..., ParticleView]]:
    """Shows the ids of the study in the canvas, with a table."""
    view = ParticleView(session.viewer)

    def show_particles(table: Any) -> ParticleView:
        ids = session.study.open_array("particles/particles")
        view.show(ids, table, "p", session.layers.placement)
        return view

    yield show_particles
    view.close()
