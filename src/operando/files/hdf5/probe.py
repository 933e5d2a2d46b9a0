"""Walk HDF5 files in a process of their own, since damaged ones can bring the C library down.

Runs as a script with nothing but h5py; the file names come as JSON on the standard input, and the
number of each that was walked goes to the standard output.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NODES = 5000
SECONDS = 20.0


def first_that_crashes(paths: Sequence[Path]) -> Path | None:
    """Return the first file that crashes or hangs whoever reads it, None if there is none.

    Where this program is no Python interpreter (a bundled application), nothing is tried.
    """
    if "python" not in Path(sys.executable).name.lower():
        return None
    names = json.dumps([str(path) for path in paths])
    command = [sys.executable, "-I", __file__]
    try:
        done = subprocess.run(
            command, input=names, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        walked, crashed = done.stdout, done.returncode != 0
    except subprocess.TimeoutExpired as error:
        walked, crashed = (error.stdout or b"").decode(), True
    return paths[min(len(walked.splitlines()), len(paths) - 1)] if crashed else None


def walk(path: str) -> None:
    """Read what `operando.files.hdf5.reader` reads of a file when it opens it."""
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        waiting: list[Any] = [file]
        for _ in range(MOST_NODES):
            if not waiting:
                return
            node = waiting.pop()
            dict(node.attrs)
            if isinstance(node, h5py.Dataset):
                _look_at(node)
            else:
                children = (node.get(name) for name in list(node))
                seen = {n.id for n in waiting}
                waiting += [c for c in children if c is not None and c.id not in seen]


def _look_at(data: Any) -> None:
    _ = data.dtype, data.chunks, data.compression, data.external, data.is_virtual
    if data.shape and 0 not in data.shape:
        _ = data[(0,) * data.ndim], data[tuple(n - 1 for n in data.shape)]
    if data.chunks is not None:
        data.id.get_num_chunks()
    data.id.get_storage_size()


def _main() -> None:
    for number, path in enumerate(json.load(sys.stdin)):
        # What is wrong with a file the reader itself says.
        with suppress(Exception):
            walk(path)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
