from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numcodecs.blosc import Blosc

from operando.files.zarr.blosc_blocks import HEADER, unpack_part

if TYPE_CHECKING:
    from pathlib import Path

N = 300_000


def values(kind: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    grey = {
        "noise": rng.integers(0, 256, N),
        "image": np.repeat(rng.integers(0, 256, N // 24), 24),
        "flat": np.zeros(N),
    }
    return grey[kind].astype(np.uint8).view(np.uint16)


def part(path: Path, start: int, stop: int) -> tuple[np.ndarray, int]:
    """What was unpacked, and how many bytes of the file were asked for."""
    asked = []
    out = np.zeros(N, np.uint8)
    with path.open("rb", buffering=0) as file:

        class Spy:
            fileno, seek = file.fileno, file.seek

            def readinto(self, room: memoryview) -> int | None:
                asked.append(min(len(room), path.stat().st_size))
                return file.readinto(room)

        unpack_part(Spy(), bytearray(N + HEADER), out, start, stop)  # type: ignore[arg-type]
    return out[start:stop], sum(asked)


@pytest.mark.parametrize("codec", [("lz4", 1, 1), ("zstd", 3, 2), ("blosclz", 5, 0), ("lz4", 0, 1)])
@pytest.mark.parametrize("kind", ["noise", "image", "flat"])
def test_any_part_is_that_of_the_whole(
    tmp_path: Path, codec: tuple[str, int, int], kind: str
) -> None:
    wanted = values(kind)
    path = tmp_path / "chunk"
    path.write_bytes(Blosc(*codec, blocksize=2**15).encode(wanted))
    rng = np.random.default_rng(1)
    pieces = [(0, 1), (N - 1, N), (0, N), (N - 5000, N), (2**15 - 1, 2**15 + 1)]
    pieces += [tuple(sorted(rng.choice(N + 1, 2, replace=False))) for _ in range(30)]
    for start, stop in pieces:
        found, _ = part(path, int(start), int(stop))
        assert np.array_equal(found, wanted.view(np.uint8)[start:stop])


@pytest.mark.parametrize("kind", ["noise", "image"])
def test_of_other_blocks_nothing_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "chunk"
    path.write_bytes(Blosc("lz4", 1, 1, blocksize=2**15).encode(values(kind)))
    assert part(path, 100_000, 108_000)[1] < 0.4 * path.stat().st_size


def test_blocks_in_any_order(tmp_path: Path) -> None:
    """Several threads write blocks as they finish them."""
    wanted = values("image")
    packed = Blosc("lz4", 1, 1, blocksize=2**15).encode(wanted)
    n = -(-N // int(np.frombuffer(packed, "<u4", 1, 8)[0]))
    assert n > 3
    starts = np.frombuffer(packed, "<u4", n, HEADER).astype(int)
    ends = [*starts[1:], len(packed)]
    head, body, at = packed[:HEADER], b"", np.zeros(n, "<u4")
    for k in reversed(range(n)):
        at[k] = HEADER + 4 * n + len(body)
        body += packed[starts[k] : ends[k]]
    path = tmp_path / "chunk"
    path.write_bytes(head + at.tobytes() + body)
    assert np.array_equal(part(path, 40_000, 50_000)[0], wanted.view(np.uint8)[40_000:50_000])


@pytest.mark.parametrize("at", [4, 8, 12, 17, 40])
def test_damage_is_noticed(tmp_path: Path, at: int) -> None:
    packed = bytearray(Blosc("lz4", 1, 1, blocksize=2**15).encode(values("image")))
    packed[at + 2] ^= 0xFF
    (tmp_path / "chunk").write_bytes(packed)
    with pytest.raises((ValueError, RuntimeError)):
        part(tmp_path / "chunk", 1000, 2000)


def test_an_end_that_is_missing_is_noticed(tmp_path: Path) -> None:
    packed = Blosc("lz4", 1, 1).encode(values("image"))
    for length in (0, 10, 20, 5000, len(packed) - 1):
        (tmp_path / "chunk").write_bytes(packed[:length])
        with pytest.raises(ValueError, match="header"):
            part(tmp_path / "chunk", 1000, 2000)
