from __future__ import annotations

import base64
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from operando import Study
from operando.data import DEFAULT_CLASSES, PARTICLE_COLUMNS, DisplacementField
from operando.files import create_image
from operando.report import write_report
from operando.report.particles import frame_table, largest_table
from operando.report.phases import fraction_table
from operando.report.section import table
from operando.report.strain import pair_table
from operando.study import Entry
from operando.study.phases import create_phases


@pytest.fixture
def full_study(study, electrode):
    """A study with one product of every kind, filled from the truth."""
    labels, _ = create_phases(study.product_path("phases/phases"), study.series, DEFAULT_CLASSES)
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
    for words in ("Through time", "Phases", "Strain", "0.004 voxel error", "frame 0 (0 h) to 1"):
        assert words in page
    pictures = [base64.b64decode(p) for p in re.findall(r"base64,([^\"]+)", page)]
    assert len(pictures) == 3
    assert all(p.startswith(b"\x89PNG") for p in pictures)


def test_an_empty_study_has_a_report_too(study):
    page = write_report(study).read_text()
    assert study.name in page
    assert "<img" not in page


def test_maps_beside_the_particles_are_no_particles(full_study):
    create_image(
        full_study.product_path("particles/particles-damage"),
        (2, 4, 8, 8),
        np.float32,
        axes="tzyx",
        voxel_size=(1, 1, 1),
    )
    assert "particles-damage" not in write_report(full_study).read_text()


def test_fractions_of_every_frame_are_told(full_study, electrode):
    cells = cells_of(write_report(full_study).read_text())
    for t in range(2):
        row = [f"{100 * (electrode.phases[t] == k).mean():.1f}" for k in (1, 2, 3)]
        start = cells.index(f"frame {t} · {full_study.times[t]:.3g} h")
        assert cells[start + 1 : start + 4] == row


def test_fractions_carry_their_interval(study):
    rows = pd.DataFrame(
        [(0, 0.0, "pore", 0.25, 0.2, 0.321)],
        columns=["frame", "time_h", "phase", "fraction", "fraction_low", "fraction_high"],
    )
    cells = cells_of(fraction_table(study, rows, DEFAULT_CLASSES))
    assert "25.0 (20.0 to 32.1)" in cells


def test_a_uniform_stretch_is_told_as_it_is(full_study):
    cells = cells_of(pair_table(full_study, {"000-001": stretched_field()}))
    assert cells[0].startswith("frame 0 (0 h) to 1")
    measured, _, error, scatter, volume, spread, shear = (float(cell) for cell in cells[1:])
    assert measured == 100
    assert error == pytest.approx(0.004 * full_study.voxel_size[0], rel=0.01)
    assert volume == pytest.approx(100 * (1.01**3 - 1), abs=0.005)
    assert spread == 0
    assert np.isnan(scatter) or scatter < 0.1
    assert shear == 0


def test_a_turn_in_voxels_that_are_no_cubes_is_no_shear(tmp_path):
    size, t = np.array([0.3, 0.1, 0.1]), np.deg2rad(10)
    turn = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    gradient = (turn - np.eye(3)) / size[:, None] * size
    field = replace(stretched_field(), gradient=np.broadcast_to(gradient, (32, 3, 3)).copy())
    with Study.create(tmp_path / "tall", np.zeros((2, 8, 8, 8), np.uint8), size) as study:
        assert float(cells_of(pair_table(study, {"000-001": field}))[-1]) == 0


def test_frames_are_summarised_by_their_whole_particles(study):
    table = particle_rows(frame=[0, 0, 0, 1], on_edge=[False, False, True, False])
    table["volume_um3"] = [1.0, 3.0, 500.0, 7.0]
    cells = cells_of(frame_table(study, table))
    width = len(cells) // 2
    first, second = cells[:width], cells[width:]
    assert first[1:4] == ["3", "2", "2.00"]
    assert second[1:4] == ["1", "1", "7.00"]


def test_the_largest_particles_come_with_units_and_definitions():
    table = particle_rows(frame=[1, 1], on_edge=[True, False])
    table["volume_um3"] = [2.0, 5.0]
    page = str(largest_table(table))
    assert "volume (µm³)" in page
    assert "diameter: of the sphere of the same volume" in page
    assert cells_of(page)[:2] == ["1", "5.00"]


def test_names_cannot_inject_markup(full_study):
    full_study.add_entry(Entry(step="train", summary="<script>alert(1)</script>"))
    assert "<script>" not in write_report(full_study).read_text()
    assert "<b>" not in table(["<b>"], [["<b>"]], "<b>")


def cells_of(page):
    return re.findall(r"<td>([^<]*)</td>", str(page))


def particle_rows(frame, on_edge):
    rows = {c.name: np.ones(len(frame)) for c in PARTICLE_COLUMNS}
    rows |= {"frame": frame, "on_edge": on_edge, "particle": np.arange(len(frame))}
    return pd.DataFrame(rows)


def test_what_is_out_of_date_is_marked(full_study, tmp_path):
    path = tmp_path / "report.html"
    write_report(full_study, path)
    assert "ut of date" not in path.read_text("utf-8")
    full_study.remove("strain/000-001")
    full_study.write_field("000-001", stretched_field())
    entry = Entry(
        step="strain",
        inputs={"images": "before"},
        outputs=("strain/000-001",),
        summary="0.005 voxel error",
    )
    full_study.add_entry(entry)
    write_report(full_study, path)
    page = path.read_text("utf-8")
    assert "<td>out of date · 0.005 voxel error</td>" in page
    assert "Run them again before you use their numbers" in page


def test_a_segmentation_whose_run_was_cut_short_is_shown_without_fractions(full_study):
    full_study.remove("tables/phases")
    page = write_report(full_study).read_text()
    assert "Phases over the tomogram" in page
    assert "Volume fractions" not in page
