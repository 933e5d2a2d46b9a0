from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from operando.files.ome_zarr import create_image
from operando.particles.edits import Edit
from operando.steps.corrections import Corrections
from operando.steps.damage import MapDamage
from operando.steps.particles import FindParticles
from operando.study import Entry
from operando.study.phases import create_phases
from operando.ui.particles.outdated import OutdatedSteps
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

MADE = ("particles/particles-damage", "tables/particles-profiles")


@pytest.fixture
def session(study, electrode) -> Iterator[Session]:
    """A study whose particles were found and whose cracks were mapped, as the record says."""
    labels, _ = create_phases(study.product_path("phases/phases"), study, study.strokes().classes)
    labels[:] = electrode.phases
    for name in ("particles", "particles-damage"):
        ids = create_image(
            study.product_path(f"particles/{name}"),
            electrode.ids.shape,
            "int32",
            axes="tzyx",
            voxel_size=study.voxel_size,
            times=study.times,
        )
        ids[:] = electrode.ids
    names = np.unique(electrode.ids[electrode.ids > 0])
    centre = dict.fromkeys(("z_um", "y_um", "x_um"), 0.0)
    table = pd.DataFrame({"frame": 0, "particle": names, "diameter_um": 1.0, **centre})
    study.write_table("particles", table)
    study.write_table("particles-profiles", table)
    seen = {p: study.fingerprint(p) for p in ("particles/particles", "tables/particles")}
    settings = MapDamage(block=2.0).model_dump(mode="json")
    study.add_entry(Entry(step="damage", settings=settings, inputs=seen, outputs=MADE))
    session = Session(ViewerModel())
    session.show_study(study)
    yield session
    session.close()


def test_a_correction_offers_to_run_what_was_made_of_the_particles_again(
    qtbot: QtBot, session: Session, electrode, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = OutdatedSteps(session, "particles")
    qtbot.addWidget(line)
    assert line.isHidden()
    z, y, x = (int(i) for i in np.argwhere(electrode.ids[0] > 0)[0])
    corrections = Corrections(session.study, FindParticles())
    monkeypatch.setattr(corrections, "_changed", lambda *_: None)
    corrections.apply(Edit(kind="delete", frame=0, points=((z, y, x),), through_time=False))
    session.edited()
    line.refresh()
    assert not line.isHidden()
    assert "Damage maps" in line.text.text()
    ran = []
    monkeypatch.setattr(session, "run", lambda *steps: ran.extend(steps))
    line.again.click()
    assert ran == [MapDamage(block=2.0)]
    corrections.undo()
    session.edited()
    line.refresh()
    assert line.isHidden()
