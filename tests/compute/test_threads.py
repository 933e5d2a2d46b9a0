from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import os, sys
os.environ.pop("OMP_WAIT_POLICY", None)
import operando.cli.commands as commands
assert "torch" not in sys.modules, "read too late"
commands.app = lambda: print(os.environ["OMP_WAIT_POLICY"])
commands.main()
"""

GRANTED = """
from operando.compute.threads import limit_numba
limit_numba()
import numpy as np, torch
from operando.nets.forest import grow, vote
rows, labels = np.eye(9, dtype=np.float32), np.arange(9, dtype=np.uint8) % 2 + 1
*tables, _ = grow(rows, labels, 2, trees=2).values()
vote(rows, *tables)
print(torch.get_num_threads())
"""


def test_a_forest_leaves_torch_the_threads_that_were_granted() -> None:
    """Else what is trained after it differs from what was trained before."""
    granted = {k: v for k, v in os.environ.items() if k != "NUMBA_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", GRANTED],
        env=granted | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1"


def test_the_command_line_lets_threads_sleep_before_torch_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "passive"
