from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from operando.errors import InputError

if TYPE_CHECKING:
    from operando.segment import Model


def test_weights_of_another_network_are_refused(model: Model) -> None:
    with pytest.raises(InputError, match="do not fit"):
        replace(model, architecture=replace(model.architecture, width=5)).network()


def test_another_number_of_channels_is_refused(model: Model) -> None:
    model.check_channels(1)
    with pytest.raises(InputError, match=r"trained for 1 channel.*have 2"):
        model.check_channels(2)
