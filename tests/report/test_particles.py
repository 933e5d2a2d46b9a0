from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from operando.data import PARTICLE_COLUMNS
from operando.files import create_image
from operando.report.particles import frame_table, particles_section

if TYPE_CHECKING:
    from operando import Study


def table_of(frames: list[int], on_edge: bool = False) -> pd.DataFrame:
    rows = {c.name: np.ones(len(frames)) for c in PARTICLE_COLUMNS}
    rows |= {"frame": np.array(frames, int), "on_edge": np.full(len(frames), on_edge)}
    return pd.DataFrame(rows)


def test_no_particle_in_any_frame_is_told(study: Study) -> None:
    shape = (len(study.times), *study.series.volume_shape)
    path = study.product_path("particles/particles").with_suffix(".zarr")
    create_image(path, shape, "int32", axes="tzyx", voxel_size=study.voxel_size)
    study.write_table("particles", table_of([]))
    section = particles_section(study, "particles")
    assert len(section.figures) == 1
    cells = re.findall("<td>(.*?)</td>", section.tables[0])
    per_row = len(cells) // len(study.times)
    assert cells[1::per_row] == ["0"] * len(study.times)
    assert "The 0 largest of 0 particles" in section.tables[1]


def test_frames_without_particles_have_a_row(study: Study) -> None:
    text = frame_table(study, table_of([0, 0]))
    assert text.count("<tr>") == 1 + len(study.times)
    assert "nan" not in text


def test_frames_without_whole_particles_have_no_medians(study: Study) -> None:
    text = frame_table(study, table_of([0, 1], on_edge=True))
    assert "nan" not in text
    assert "–" in text
