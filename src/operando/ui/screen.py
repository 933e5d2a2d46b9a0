"""Whether there is a screen, and a picture of the window where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from operando.errors import OperandoError

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

    Raises
    ------
    OperandoError
        If the window could not be opened, as where libraries of Qt are missing.
    """
    if shutil.which("xvfb-run") is None:
        return False
    width, height = SIZE
    done = subprocess.run(
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
        check=False,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "xcb"},
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OperandoError(
            f"The window could not be opened ({reason})",
            "install what Qt needs; on Debian and Ubuntu scripts/system-libraries does",
        )
    return True
