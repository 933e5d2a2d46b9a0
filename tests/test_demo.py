from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile

from operando.demo import open_demo_study
from operando.samples import ElectrodeSettings, write_sample
from operando.steps import load_recipe
from operando.study import study_of_sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    settings = ElectrodeSettings(shape=(24, 48, 48), frames=3)
    return write_sample(tmp_path_factory.mktemp("demo") / "sample", settings=settings)


def test_the_study_of_a_sample_holds_all_that_the_sample_does(tmp_path, sample):
    with study_of_sample(tmp_path / "cell", sample) as study:
        np.testing.assert_array_equal(
            study.strokes().array, tifffile.imread(sample / "strokes.tif").reshape(3, 24, 48, 48)
        )
        for t in range(3):
            image = tifffile.imread(sample / "images" / f"frame_{t:03d}.tif")
            np.testing.assert_array_equal(study.series.frame(t), image)
        times = pd.read_csv(sample / "times.csv")["time_h"]
        assert study.times == pytest.approx(times)
        assert set(study.table("cycling")) >= {"time_h", "voltage_v"}


def test_the_recipe_leads_from_strokes_to_the_strain_of_every_frame(tmp_path, sample):
    with study_of_sample(tmp_path / "cell", sample) as study:
        steps = load_recipe(sample / "recipe.yaml")
        made = {"images", "strokes/strokes"}
        for step in steps:
            assert set(step.inputs(study)) <= made
            made |= set(step.outputs(study))
    assert {"strain/000-001", "strain/000-002", "tables/particles"} <= made


def test_an_earlier_demo_is_opened_again(tmp_path, sample):
    (tmp_path / "sample").symlink_to(sample)
    with open_demo_study(tmp_path) as first:
        first.write_table("mine", pd.DataFrame({"a": [1]}))
    with open_demo_study(tmp_path) as again:
        assert "mine" in again.products("tables")
