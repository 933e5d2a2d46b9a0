from __future__ import annotations

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


def test_the_command_line_lets_threads_sleep_before_torch_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "passive"
