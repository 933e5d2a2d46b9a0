from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path

mrcfile = pytest.importorskip("mrcfile")
RAMP = np.arange(240, dtype=np.uint8).reshape(3, 8, 10)


def write_bytes(path: Path, flags: int | None, largest: float) -> None:
    """Bytes 0 to 239 in mode 0, with the stamp of IMOD and its flags if there are any."""
    with mrcfile.new(path) as mrc:
        mrc.set_data(RAMP.view(np.int8))
        mrc.header.dmax = largest
    if flags is not None:
        raw = bytearray(path.read_bytes())
        struct.pack_into("<ii", raw, 152, 1146047817, flags)
        path.write_bytes(raw)


@pytest.mark.parametrize(("flags", "largest"), [(0, 0), (None, 239)])
def test_bytes_of_imod_are_not_negative(tmp_path: Path, flags: int | None, largest: float) -> None:
    write_bytes(tmp_path / "a.mrc", flags, largest)
    values = np.asarray(read(tmp_path / "a.mrc").data[0, 0])
    assert values.dtype == np.uint8
    assert np.array_equal(values, RAMP)


@pytest.mark.parametrize("flags", [None, 1])
def test_signed_bytes_stay_signed(tmp_path: Path, flags: int | None) -> None:
    write_bytes(tmp_path / "a.mrc", flags, 127)
    assert np.array_equal(np.asarray(read(tmp_path / "a.mrc").data[0, 0]), RAMP.view(np.int8))
