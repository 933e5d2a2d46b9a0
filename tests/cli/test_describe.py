from __future__ import annotations

import numpy as np

from operando import Study
from operando.cli.describe import first_line, step_lines, study_lines
from operando.steps import STEPS


def test_a_step_in_one_sentence():
    for step in STEPS.values():
        assert first_line(step).endswith(".")


def test_settings_come_with_default_unit_and_bounds():
    lines = list(step_lines(STEPS["train"]))
    assert lines[0] == first_line(STEPS["train"])
    (patch,) = (line for line in lines if "patch =" in line)
    assert patch.startswith("  settings.patch = 64 voxel  ")
    assert patch.endswith("(≥ 16, ≤ 256)")


def test_settings_of_a_few_values_name_them():
    (precision,) = (line for line in step_lines(STEPS["segment"]) if "precision =" in line)
    assert precision.endswith("(auto, float32)")


def test_a_new_study_says_what_waits(study):
    lines = list(study_lines(study))
    assert lines[0] == f"{study.name}: frames 2, channels 1, 32 × 64 × 64 voxels"
    assert lines[1].startswith("  voxel 0.1 × 0.1 × 0.1 µm (z × y × x), uint16")
    assert lines[-1].startswith("  not yet: ")
    assert "Train" in lines[-1]


def test_defaults_are_those_of_the_step_not_of_its_parts():
    (network,) = (line for line in step_lines(STEPS["learn-images"]) if "network =" in line)
    assert network.startswith("  settings.network = 'separable'  ")


def test_of_many_times_the_first_and_the_last_are_told(tmp_path):
    images = np.zeros((200, 1, 2, 2), np.uint8)
    with Study.create(tmp_path / "cell", images, voxel_size=(1, 1, 1)) as study:
        assert "  times 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …, 199 h" in study_lines(study)
