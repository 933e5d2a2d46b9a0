"""Writes that either happen wholly or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from typing import TYPE_CHECKING

from operando.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of the errors that say so."""
MOST_FILES = 64
"""Of more, one after the other takes longer than to hand over all that the machine has written."""


@contextlib.contextmanager
def plain_disk_errors(path: Path) -> Iterator[None]:
    """Say in one sentence why `path` could not be written."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileError):
            raise
        if error.errno in DISK_FULL:
            raise FileError(
                f"The disk is full while writing {path}", "free some space and run it again"
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise FileError(
                f"{path} may not be written", "choose a folder where you have write permission"
            ) from error
        raise FileError(
            f"{path} cannot be written ({error})", "check the folder and its disk"
        ) from error


@contextlib.contextmanager
def replacing(path: Path, *, make_folder: bool = True) -> Iterator[Path]:
    """Give a unique path beside `path`; what is written there takes its place at the end.

    Works for files and folders. If the block fails, the old content stays and the partial
    content is removed.

    Parameters
    ----------
    path
        File or folder to write.
    make_folder
        Whether to make the folder that it lies in.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    with plain_disk_errors(path):
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            put_in_place(partial, path)
        finally:
            remove(partial)


@contextlib.contextmanager
def making(folder: Path) -> Iterator[Path]:
    """Give a unique path beside `folder`, to write a folder there that takes this name at the end.

    If another program made one of this name meanwhile, that one stays.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.partial")
    with plain_disk_errors(folder):
        try:
            yield partial
            try:
                partial.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
        finally:
            remove(partial)


def put_in_place(new: Path, path: Path) -> None:
    """Move a finished file or folder to `path`, replacing what is there."""
    old = swap_in(new, path)
    if old is not None:
        remove(old)


def swap_in(new: Path, path: Path) -> Path | None:
    """Move a finished file or folder to `path`.

    Returns
    -------
    Where the folder that was there lies now, for the caller to remove; None if there was none.

    Raises
    ------
    FileError
        If a file would take the place of a folder.
    """
    if new.is_file() and path.is_dir():
        raise FileError(f"{path} is a folder", "name a file, in the folder or elsewhere")
    _hand_to_disk(new)
    if not path.is_dir():
        os.replace(new, path)
        return None
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.old")
    os.replace(path, old)
    try:
        os.replace(new, path)
    except OSError:
        os.replace(old, path)
        raise
    return old


def _hand_to_disk(path: Path) -> None:
    """Make sure that a loss of power after the renaming does not leave empty files."""
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    if len(files) > MOST_FILES and hasattr(os, "sync"):
        os.sync()
        return
    for one in files:
        with one.open("r+b") as file:
            os.fsync(file.fileno())


def tidy(folder: Path) -> None:
    """Remove what a killed program left half-written; what it was about to replace comes back."""
    for old in folder.glob(".*.old"):
        path = folder / old.name[1:].rsplit(".", 2)[0]
        if path.exists():
            remove(old)
        else:
            os.replace(old, path)
    for partial in folder.glob(".*.partial"):
        remove(partial)


def write_text(path: Path, text: str) -> None:
    """Write a small text file atomically, in UTF-8."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def remove(path: Path) -> None:
    """Remove a file or a folder with everything in it; nothing happens if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
