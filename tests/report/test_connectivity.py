from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from operando.report.connectivity import connectivity_table, frame_rows

if TYPE_CHECKING:
    from operando import Study


def _table() -> pd.DataFrame:
    row = {
        "time_h": 0.0,
        "phase": "<pore>",
        "percolating_z": 0.9,
        "percolating_y": 0.0,
        "clusters": 3,
        "isolated_fraction": 0.015,
        "euler_number": -4,
        "surface_um2": 12.0,
    }
    shares = {"labels": 0.5, "least": 0.25, "most": 1.0}
    return pd.DataFrame(
        [
            row | {"frame": t, "reading": reading, "percolating_x": share * t}
            for t in (0, 1)
            for reading, share in shares.items()
        ]
    )


def test_the_readings_are_the_error_bar() -> None:
    head, row = frame_rows(_table(), 1)
    cells = dict(zip(head, row, strict=True))
    assert cells["percolates along x (%)"] == "50 (25 to 100)"
    assert cells["along z (%)"] == "90"
    assert cells["isolated (%)"] == "1.50"
    assert cells["Euler number"] == "-4"


def test_the_report_shows_the_last_frame(study: Study) -> None:
    assert connectivity_table(study, "phases") is None
    study.write_table("phases_connectivity", _table())
    sides = pd.DataFrame({"frame": [0, 1], "phase": "<pore>", "other": "b", "area_um2": [1.0, 2.5]})
    study.write_table("phases_interfaces", sides)
    page = connectivity_table(study, "phases")
    assert "frame 1" in page
    assert "50 (25 to 100)" in page
    assert "b 2.5" in page
    assert "<pore>" not in page, "names are escaped"
