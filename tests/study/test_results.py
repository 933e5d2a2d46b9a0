from __future__ import annotations

import pandas as pd
import pytest

from operando import Study
from operando.errors import StudyError
from operando.study import Entry


def test_tables_and_fingerprints_of_products(tmp_path, images):
    table = pd.DataFrame({"frame": [0, 1], "volume_um3": [1.5, 2.5]})
    with Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study:
        assert study.fingerprint("tables/particles") == ""
        study.write_table("particles", table)
        study.add_entry(Entry(step="particles", id="abc", outputs=("tables/particles",)))
        assert study.fingerprint("tables/particles") == "abc"
        assert study.products("tables") == ["particles"]
        pd.testing.assert_frame_equal(study.table("particles"), table)


def test_tables_tell_the_present_times_of_the_frames(tmp_path, images):
    frames = pd.DataFrame({"frame": [2, 0, 2], "time_h": [2.0, 0.0, 2.0], "x": [1, 2, 3]})
    record = pd.DataFrame({"time_h": [0.5, 1.5], "voltage_v": [3.9, 4.0]})
    with Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study:
        study.write_table("found", frames)
        study.write_table("record", record)
        study.calibrate(times=(0.25, 1, 4.5))
        assert study.table("found")["time_h"].tolist() == [4.5, 0.25, 4.5]
        assert study.table("found").drop(columns="time_h").equals(frames.drop(columns="time_h"))
        assert study.table("record").equals(record)


def test_the_run_that_made_a_product_is_the_last(tmp_path, images):
    with Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study:
        assert study.maker("models/model") is None
        for run in ("a", "b"):
            study.add_entry(Entry(step="train", id=run, outputs=("models/model",)))
        assert study.maker("models/model").id == "b"
        study.remove("models/model", for_good=True)
        assert study.maker("models/model") is None


def test_what_is_not_there_is_named(tmp_path, images):
    with Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study:
        for look in (study.phases, study.table, study.field):
            with pytest.raises(StudyError, match=r"no .*mine"):
                look("mine")
