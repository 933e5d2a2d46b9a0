"""How many threads numerical libraries take, and how these wait for each other."""

from __future__ import annotations

import os


def wait_asleep() -> None:
    """Let the threads of OpenMP sleep while they wait; call it before torch is imported.

    Spinning gains nothing on idle cores, and beside other programs takes several times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def limit_numba() -> None:
    """Let Numba take the threads that OMP_NUM_THREADS grants; call it before Numba is imported.

    It takes one per processor otherwise and, when it starts, gives torch as many: more than a
    cluster lent, and sums in another order than before.
    """
    granted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if granted.isdecimal() and int(granted):
        os.environ.setdefault("NUMBA_NUM_THREADS", granted)
