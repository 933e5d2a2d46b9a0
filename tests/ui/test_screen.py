from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from operando.errors import OperandoError
from operando.ui import screen

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="there is no virtual screen")
def test_a_window_that_cannot_be_opened_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OperandoError, match=r"could not be opened .*is not a study"):
        screen.picture_of_study(tmp_path, tmp_path / "window.png")
    assert not (tmp_path / "window.png").exists()


def test_without_a_virtual_screen_there_is_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not screen.picture_of_study(tmp_path, tmp_path / "window.png")
