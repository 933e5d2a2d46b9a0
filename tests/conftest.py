from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operando import Study
    from operando.samples import Electrode

SHARED = Path(__file__).resolve().parents[2] / "shared"


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
