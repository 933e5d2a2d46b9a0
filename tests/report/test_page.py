from __future__ import annotations

import base64
import re

import numpy as np
import pandas as pd
import pytest

from operando.data import DEFAULT_CLASSES, PARTICLE_COLUMNS, DisplacementField
from operando.report import write_report
from operando.study import Entry
from operando.study.phases import create_phases


@pytest.fixture
def full_study(study, electrode):
    """A study with one product of every kind, filled from the truth."""
    labels, _ = create_phases(study.product_path("phases/phases"), study, DEFAULT_CLASSES)
    labels[:] = electrode.phases
    study.write_table(
        "phases",
        pd.DataFrame(
            [
                (t, study.times[t], c.name, float((electrode.phases[t] == k).mean()))
                for t in range(2)
                for k, c in enumerate(DEFAULT_CLASSES, 1)
            ],
            columns=["frame", "time_h", "phase", "fraction"],
        ),
    )
    study.write_field("000-001", stretched_field())
    study.add_entry(Entry(step="strain", outputs=("strain/000-001",), summary="0.004 voxel error"))
    return study


def stretched_field():
    grid = (2, 4, 4)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in grid], indexing="ij"), -1).reshape(-1, 3)
    positions = 8.0 + 12.0 * nodes
    n = len(positions)
    return DisplacementField(
        positions=positions,
        displacement=0.01 * positions,
        gradient=np.broadcast_to(0.01 * np.eye(3), (n, 3, 3)).copy(),
        sigma=np.full((n, 3), 0.004),
        zncc=np.ones(n),
        status=np.zeros(n, np.uint8),
        grid_shape=grid,
        spacing=(12.0, 12.0, 12.0),
        window=(21, 21, 21),
    )


def test_the_page_is_self_contained_and_complete(full_study):
    path = write_report(full_study)
    page = path.read_text()
    assert path == full_study.path / "reports" / "report.html"
    assert not re.search(r'(src|href)="(?!data:)', page)
    for words in (
        "Phases",
        "Strain",
        "0.004 voxel error",
        "frame 000 to frame 001",
        "pore #56b4e9",
    ):
        assert words in page
    pictures = [base64.b64decode(p) for p in re.findall(r"base64,([^\"]+)", page)]
    assert len(pictures) == 3
    assert all(p.startswith(b"\x89PNG") for p in pictures)


def test_an_empty_study_has_a_report_too(study):
    page = write_report(study).read_text()
    assert study.name in page
    assert "<img" not in page


def test_the_particle_table_shows_units(full_study):
    rows = {c.name: np.array([1.0, 2.0]) for c in PARTICLE_COLUMNS}
    rows |= {
        "frame": np.array([1, 1]),
        "particle": np.array([4, 9]),
        "on_edge": np.array([True, False]),
    }
    full_study.write_table("particles", pd.DataFrame(rows))
    from operando.files.ome_zarr import create_image

    shape = (2, *full_study.series.volume_shape)
    create_image(
        full_study.product_path("particles/particles"),
        shape,
        "int32",
        axes="tzyx",
        voxel_size=full_study.voxel_size,
    )
    page = write_report(full_study).read_text()
    assert "volume (µm³)" in page
    assert "<td>9</td>" in page


def test_names_cannot_inject_markup(full_study):
    full_study.add_entry(Entry(step="train", summary="<script>alert(1)</script>"))
    assert "<script>" not in write_report(full_study).read_text()
