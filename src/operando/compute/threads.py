"""How the threads of numerical libraries wait for each other."""

from __future__ import annotations

import os


def wait_asleep() -> None:
    """Let the threads of OpenMP sleep while they wait; call it before torch is imported.

    Spinning gains nothing on idle cores, and beside other programs takes several times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
