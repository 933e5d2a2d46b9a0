"""Whether there is a screen, and a picture of the window where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (1600, 1000)


def is_there() -> bool:
    """Tell whether a window could be opened."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def picture_of_study(study: Path, picture: Path) -> bool:
    """Take a picture of the window with a study in it, on a virtual screen.

    Returns
    -------
    False if there is no virtual screen (Xvfb) on this machine.
    """
    if shutil.which("xvfb-run") is None:
        return False
    width, height = SIZE
    subprocess.run(
        [
            "xvfb-run",
            "--auto-servernum",
            f"--server-args=-screen 0 {width}x{height}x24",
            sys.executable,
            "-m",
            "operando.ui.window",
            str(study),
            str(picture),
        ],
        check=True,
        env={**os.environ, "QT_QPA_PLATFORM": "xcb"},
    )
    return True
