from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando import Study
from operando.errors import OperandoError, StudyError
from operando.ui.window import show_study

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others always have a screen")
def test_without_a_study_or_a_screen_one_sentence_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(StudyError, match="is not a study"):
        show_study(tmp_path / "nothing")
    Study.create(tmp_path / "cell", np.ones((2, 3, 4)), voxel_size=(1, 1, 1)).close()
    with pytest.raises(OperandoError, match=r"no screen.*; log in with one"):
        show_study(tmp_path / "cell")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setitem(sys.modules, "qtpy", None)
    with pytest.raises(OperandoError, match=r"Qt.* is not installed; pip install"):
        show_study(tmp_path / "cell")
