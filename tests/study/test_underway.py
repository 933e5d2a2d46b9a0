from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from operando import Study
from operando.errors import FileError, InputError
from operando.study import Entry

PRODUCTS = ("tables/sizes", "tables/shapes")


def table(value):
    return pd.DataFrame({"a": [value]})


@pytest.fixture
def made(tmp_path):
    """A study with two tables of one run."""
    with Study.create(tmp_path / "cell", np.zeros((4, 5, 6), np.uint8), (1, 1, 1)) as study:
        for product in PRODUCTS:
            study.write_table(product.partition("/")[2], table(1))
        study.add_entry(Entry(id="first", step="measure", outputs=PRODUCTS))
        yield study


def test_what_a_run_replaced_without_being_recorded_has_no_maker(made):
    made.begin_run("second", PRODUCTS)
    made.write_table("sizes", table(2))
    made.end_run("second")
    assert made.maker("tables/sizes") is None
    assert made.fingerprint("tables/sizes") == "unrecorded"


def test_a_run_that_replaced_nothing_leaves_all_as_it_was(made):
    made.begin_run("second", PRODUCTS)
    made.end_run("second")
    assert made.maker("tables/sizes").id == "first"


def test_a_recorded_run_owns_what_it_replaced(made):
    made.begin_run("second", PRODUCTS)
    made.write_table("sizes", table(2))
    made.add_entry(Entry(id="second", step="measure", outputs=PRODUCTS))
    made.end_run("second")
    assert made.maker("tables/sizes").id == "second"


def test_runs_of_whoever_held_a_study_before_are_settled_when_it_is_opened(made):
    made.begin_run("second", PRODUCTS)
    made.write_table("sizes", table(2))
    made.close()
    with Study.open(made.path) as study:
        assert study.maker("tables/sizes") is None
        assert not list((study.path / ".running").iterdir())


@pytest.mark.parametrize(("started", "maker"), [(None, "first"), (0, None)])
def test_while_a_study_is_open_runs_of_processes_that_are_gone_are_settled(made, started, maker):
    made.begin_run("second", PRODUCTS)
    made.write_table("sizes", table(2))
    if started is not None:
        note = made.path / ".running" / "second.json"
        note.write_text(json.dumps(json.loads(note.read_text()) | {"started": started}))
    made.settle_runs()
    found = made.maker("tables/sizes")
    assert (found.id if found else None) == maker


def test_what_is_no_product_is_refused(made):
    with pytest.raises(InputError, match="names no product"):
        made.begin_run("second", ("models/a/b",))


def test_a_study_that_was_moved_away_while_it_was_open_is_not_begun_anew(made):
    here = made.path
    here.rename(here.with_name("there.operando"))
    with pytest.raises(FileError, match="cannot be written"):
        made.begin_run("second", PRODUCTS)
    assert not here.exists()
    here.with_name("there.operando").rename(here)
