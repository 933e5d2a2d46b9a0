from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.files.axes import name_axes, shape_5d, to_5d


@pytest.mark.parametrize(
    ("found", "shape", "named"),
    [
        ("yx", (4, 5), "yx"),
        ("qyx", (3, 4, 5), "zyx"),
        ("qqyx", (2, 3, 4, 5), "tzyx"),
        ("qqqyx", (2, 3, 4, 5, 6), "tczyx"),
        ("izyx", (2, 3, 4, 5), "tzyx"),
        ("iczyx", (2, 3, 4, 5, 6), "tczyx"),
        ("CYX", (9, 4, 5), "cyx"),
        ("qtzcyx", (1, 2, 3, 4, 5, 6), "_tzcyx"),
        ("qqyx", (1, 3, 4, 5), "_zyx"),
    ],
)
def test_axes_without_a_name_are_z_then_t_then_c(
    found: str, shape: tuple[int, ...], named: str
) -> None:
    assert name_axes(found, shape) == named


def test_a_hint_overrides_the_file() -> None:
    assert name_axes("cyx", (9, 4, 5), "zyx") == "zyx"
    assert name_axes("tzcyxs", (1, 9, 1, 4, 5, 1), "TYX") == "_t_yx_"


@pytest.mark.parametrize("hint", ["zy", "zzyx", "abyx", "tczyx", "yx", ""])
def test_a_hint_that_does_not_fit_is_refused(hint: str) -> None:
    with pytest.raises(InputError, match="do not fit an image of the shape"):
        name_axes("qyx", (3, 4, 5), hint)


def test_too_many_axes_are_refused() -> None:
    with pytest.raises(InputError, match="too many axes"):
        name_axes("qqqqyx", (2, 2, 2, 2, 4, 5))


def test_axes_in_any_order_become_t_c_z_y_x() -> None:
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    five = to_5d(array, "xzty")
    assert five.shape == shape_5d(array.shape, "xzty") == (4, 1, 3, 5, 2)
    assert five[3, 0, 2, 1, 0] == array[0, 2, 3, 1]


def test_dropped_axes_disappear_and_the_result_is_a_view() -> None:
    array = np.arange(20).reshape(1, 4, 5)
    five = to_5d(array, "_yx")
    assert five.shape == (1, 1, 1, 4, 5)
    assert np.shares_memory(five, array)
