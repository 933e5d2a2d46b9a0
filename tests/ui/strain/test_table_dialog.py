"""How numbers of a table are written."""

from __future__ import annotations

import pandas as pd

from operando.ui.strain.table_dialog import TableModel


def test_counts_are_told_in_full_and_other_numbers_by_the_digits_that_count() -> None:
    row = {"region": "pore", "nodes": 123456, "mean": -0.0123456, "time_h": 12345.6, "sd": None}
    model = TableModel(pd.DataFrame([row]).astype({"sd": float}))
    told = [model.data(model.index(0, column)) for column in range(model.columnCount())]
    assert told == ["pore", "123456", "-0.01235", "12346", "nan"]
