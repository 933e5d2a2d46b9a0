from __future__ import annotations

from typing import TYPE_CHECKING

from operando.ui.wording import bytes_text, count, study_line, voxel_size_text

if TYPE_CHECKING:
    from operando import Study


def test_numbers_are_written_for_people() -> None:
    assert count(1, "frame") == "1 frame"
    assert count(12400, "voxel") == "12\u202f400 voxels"
    assert count(2, "class") == "2 classes"
    assert bytes_text(8_388_608) == "8.4 MB"
    assert bytes_text(1.2e11) == "120.0 GB"
    assert voxel_size_text((0.1, 0.1, 0.1)) == "0.1 µm"
    assert voxel_size_text((0.5, 0.1, 0.1)) == "0.5 × 0.1 × 0.1 µm"


def test_a_study_in_one_line(study: Study) -> None:
    edge = study.voxel_size[0]
    line = study_line(study)
    assert line == f"2 frames · 0 – 1 h · 32 × 64 × 64 · {edge:.4g} µm · uint16"
