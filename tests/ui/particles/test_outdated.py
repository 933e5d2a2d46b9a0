from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.particles.edits import Edit
from operando.steps.corrections import Corrections
from operando.steps.damage import MapDamage
from operando.steps.particles import FindParticles
from operando.study import Entry
from operando.ui.particles.outdated import OutdatedSteps

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.samples import Electrode
    from operando.ui.session import Session

MADE = ("particles/particles-damage", "tables/particles-profiles")


@pytest.fixture
def found(found: Study, electrode: Electrode, keep: Callable[..., None]) -> Study:
    """Its cracks were mapped, as the record says."""
    keep("particles-damage", electrode.ids)
    names = np.unique(electrode.ids[electrode.ids > 0])
    centre = dict.fromkeys(("z_um", "y_um", "x_um"), 0.0)
    table = pd.DataFrame({"frame": 0, "particle": names, "diameter_um": 1.0, **centre})
    found.write_table("particles", table)
    found.write_table("particles-profiles", table)
    seen = {p: found.fingerprint(p) for p in ("particles/particles", "tables/particles")}
    settings = MapDamage(block=2.0).model_dump(mode="json")
    found.add_entry(Entry(step="damage", settings=settings, inputs=seen, outputs=MADE))
    return found


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
