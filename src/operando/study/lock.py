"""One program at a time writes a study; the lock says which."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import socket
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psutil

from operando.atomic import plain_disk_errors
from operando.errors import StudyError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = ".lock"
WRITING_S = 10.0
"""For so long a lock that names no holder may still be being written."""


class StudyLock:
    """Holds a study for one program and the child processes that it hands its token to.

    Parameters
    ----------
    folder
        The study.
    token
        Given to a child process by the holder; without it the lock is taken anew.

    Raises
    ------
    StudyError
        If another living program holds the study.
    """

    def __init__(self, folder: Path, token: str | None = None) -> None:
        self._path = folder / FILE_NAME
        self._owned = token is None
        self.token = token or uuid.uuid4().hex
        if self._owned:
            self._take()
        elif self._holder().get("token") != token:
            raise StudyError(
                f"The study {folder} is no longer held by the program that started this job",
                "start it again from the program that has the study open",
            )

    def release(self) -> None:
        """Let others open the study; a borrowed lock is left to its owner."""
        if self._owned and self._holder().get("token") == self.token:
            self._path.unlink(missing_ok=True)

    def _take(self) -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        content = json.dumps(
            {"token": self.token, "user": _user(), "since": since, **this_process()}
        )
        for _ in range(2):
            with plain_disk_errors(self._path):
                if _write_new(self._path, content) or self._take_over(content):
                    return
        raise self._refusal(self._holder())

    def _take_over(self, content: str) -> bool:
        """Put this lock in the place of one whose program is gone; false if another was faster.

        Of all programs that find the same dead lock, one at a time claims it, and only while it
        is there.
        """
        dead = self._dead()
        if dead is None:
            return False
        claim = self._path.with_name(f"{FILE_NAME}.{hashlib.sha256(dead).hexdigest()[:8]}.partial")
        if not _write_new(claim, content):
            return False
        try:
            if self._dead() != dead:
                return False
            os.replace(claim, self._path)
        finally:
            claim.unlink(missing_ok=True)
        return True

    def _dead(self) -> bytes | None:
        """Content of a lock whose program is gone, None if there is no lock; others are refused."""
        try:
            content, written = self._path.read_bytes(), self._path.stat().st_mtime
        except FileNotFoundError:
            return None
        holder = _parsed(content)
        if is_alive(holder) if holder else abs(time.time() - written) < WRITING_S:
            raise self._refusal(holder)
        return content

    def _refusal(self, holder: dict[str, object]) -> StudyError:
        who = (
            f"{holder.get('user', 'someone')} on {holder.get('host', 'another machine')} "
            f"(process {holder.get('pid', '?')}) since {holder.get('since', 'a while')}"
        )
        own = (holder.get("host"), holder.get("pid")) == (socket.gethostname(), os.getpid())
        return StudyError(
            f"The study {self._path.parent} is open elsewhere, held by {who}",
            "that is this program: go on with what it opened, or close() it first"
            if own
            else f"close it there; if that program is gone, delete {self._path}",
        )

    def _holder(self) -> dict[str, object]:
        try:
            return _parsed(self._path.read_bytes())
        except FileNotFoundError:
            return {}


def _write_new(path: Path, content: str) -> bool:
    """Write a file that others see wholly or not at all; false if there is one."""
    whole = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
    whole.write_text(content, encoding="utf-8")
    try:
        os.link(whole, path)
    except (FileExistsError, FileNotFoundError):
        return False
    except OSError:
        # Not every file system has links.
        return _write_new_in_place(path, content)
    finally:
        whole.unlink(missing_ok=True)
    return True


def _write_new_in_place(path: Path, content: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _parsed(content: bytes) -> dict[str, object]:
    try:
        holder = json.loads(content)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown user"


def this_process() -> dict[str, object]:
    """Say which process this is, of which machine; see `is_alive`."""
    started = psutil.Process().create_time()
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": started}


def is_alive(holder: dict[str, object]) -> bool:
    """Tell whether the holder runs; processes of other hosts cannot be asked and count as alive."""
    if holder.get("host") != socket.gethostname():
        return True
    try:
        process = psutil.Process(int(str(holder.get("pid", -1))))
        same = abs(process.create_time() - float(str(holder.get("started", 0)))) < 2.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False
