from __future__ import annotations

import numpy as np
import pytest

from operando.samples.render import BINDER, PARTICLE, PORE, render_frame
from operando.samples.scene import build_scene
from operando.samples.settings import ElectrodeSettings

SMALL = ElectrodeSettings(shape=(24, 48, 48), frames=2)


@pytest.fixture(scope="module")
def frame():
    return render_frame(build_scene(SMALL, 3), 1)


def test_every_voxel_has_one_phase_that_fits_the_ids(frame):
    assert set(np.unique(frame.phases)) == {PORE, BINDER, PARTICLE}
    np.testing.assert_array_equal(frame.phases == PARTICLE, (frame.ids > 0) & ~frame.cracks)
    assert np.all(frame.ids[frame.cracks] > 0)
    assert np.all(frame.phases[frame.cracks] == PORE)
    assert np.all(frame.phases[frame.gaps] == PORE)
    assert not np.any(frame.gaps & (frame.ids > 0))


def test_grey_levels_without_texture_are_those_of_the_phases():
    plain = SMALL.with_(
        grey__particle_texture=0, grey__binder_texture=0, grey__particle_spread=0, grey__shell=0
    )
    frame = render_frame(build_scene(plain, 0), 0)
    grey = plain.grey
    for phase, level in ((PORE, grey.pore), (BINDER, grey.binder), (PARTICLE, grey.particle)):
        assert np.median(frame.levels[frame.phases == phase]) == pytest.approx(level, abs=1e-5)
    assert frame.levels.min() >= grey.pore - 1e-5
    assert frame.levels.max() <= grey.particle + 1e-5


def test_textures_have_the_asked_strength():
    settings = SMALL.with_(
        grey__particle_texture=0.05,
        grey__binder_texture=0.02,
        grey__particle_spread=0,
        grey__shell=0,
        cracks__share=0,
    )
    scene = build_scene(settings, 1)
    frame = render_frame(scene, 0)
    core = np.abs(frame.levels - settings.grey.particle) < 0.2
    view = tuple(
        slice(-s.start, n - s.start) for s, n in zip(scene.domain, SMALL.shape, strict=True)
    )
    inside = (scene.solid[view] > 1) & core
    assert frame.levels[inside].std() == pytest.approx(0.05, rel=0.2)


def test_cracks_are_dark():
    wide = SMALL.with_(cracks__share=1, cracks__opening=4, cracks__started=1)
    frame = render_frame(build_scene(wide, 2), 1)
    dark = frame.levels[frame.cracks].mean()
    assert dark < 0.5 * (wide.grey.pore + wide.grey.particle)
    assert frame.cracks.mean() > 0.02
