"""Run SPAM and pyALDVC on the pairs of `benchmarks/strain.py`, each in an environment of its own.

Both are programs to compare with, started as such and never imported. Windows of 21 voxels (SPAM: a
half window of 10) at a spacing of 15, one process and thread; scored by ``dvc_score.py`` of the
bench like everything else. "default" is what they do when not told otherwise, "best" the
interpolation with the lowest error, with SPAM's registration first.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SPAM_MODES = {"SPAM default": [], "SPAM best": ["--order", "3", "--reg"]}
ALDVC_MODES = {"pyALDVC default": [], "pyALDVC best": ["--interp", "bspline"]}


def run_peers(pair: Path, bench: Path, spam: Path | None, aldvc: Path | None) -> list[str]:
    """Rows of the table, from the label on; one that fails says so.

    Parameters
    ----------
    pair
        Folder of a pair.
    bench
        Folder of the runners.
    spam
        Folder of SPAM's commands; None leaves it out.
    aldvc
        Python that has pyALDVC; None leaves it out.
    """
    rows = []
    if spam is not None:
        start = [spam / "python", bench / "dvc_spam.py", "--bin", spam, "--np", "1"]
        for label, extra in SPAM_MODES.items():
            if (pair / "labels.tif").exists():
                extra = [word for word in extra if word != "--reg"]
            rows.append(_run(start, pair, label, extra))
    if aldvc is not None and not (pair / "labels.tif").exists():
        start = [aldvc, bench / "dvc_aldvc.py", "--threads", "1"]
        rows += [_run(start, pair, label, extra) for label, extra in ALDVC_MODES.items()]
    return rows


def _run(start: list[Any], pair: Path, label: str, extra: list[str]) -> str:
    result = pair / f"{label.replace(' ', '-')}.json"
    result.unlink(missing_ok=True)
    words = [*start, "--cases", pair, "--label", label, "--json", result, *extra]
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    if not result.exists():
        reason = (done.stderr.strip().splitlines() or ["no result"])[-1]
        return f"{label} | failed: {reason[:80]} |" + " |" * 7
    return f"{label} {_row(json.loads(result.read_text().splitlines()[-1]))}"


def _row(found: dict[str, Any]) -> str:
    if "shift_rms" in found:
        speed = found["grains"] / found["cpu_s"]
        return (
            f"| {found['converged']:.1%} | | shift {found['shift_rms']:.4f}, rotation "
            f"{found['rotation_rms_deg']:.2f} deg | | | | | {speed:.1f} |"
        )
    bias = max(abs(b) for b in found["bias_zyx"])
    strain = found["strain_lsq_3x3x3"]
    gauge = f"{strain['normal_rmse']:.1e} / {strain['shear_rmse']:.1e}" if strain else "-"
    points = found.get("points_tried", found["points_total"])
    return (
        f"| {found['converged_interior']:.1%} | {bias:.4f} | {found['rmse_component']:.4f} | "
        f"| {gauge} | | | {points / found['cpu_s']:.0f} |"
    )
