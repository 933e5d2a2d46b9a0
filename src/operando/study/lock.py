"""One program at a time writes a study; the lock says which."""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psutil

from operando.atomic import plain_disk_errors
from operando.errors import StudyError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = ".lock"


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
        content = json.dumps(
            {
                "token": self.token,
                "user": _user(),
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "started": psutil.Process().create_time(),
                "since": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
        for _ in range(2):
            with plain_disk_errors(self._path):
                try:
                    descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
                except FileExistsError:
                    self._remove_if_dead()
                    continue
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            return
        raise self._refusal(self._holder())

    def _remove_if_dead(self) -> None:
        holder = self._holder()
        if holder and _is_alive(holder):
            raise self._refusal(holder)
        self._path.unlink(missing_ok=True)

    def _refusal(self, holder: dict[str, object]) -> StudyError:
        who = (
            f"{holder.get('user', 'someone')} on {holder.get('host', 'another machine')} "
            f"(process {holder.get('pid', '?')}) since {holder.get('since', 'a while')}"
        )
        return StudyError(
            f"The study {self._path.parent} is open elsewhere, held by {who}",
            f"close it there; if that program is gone, delete {self._path}",
        )

    def _holder(self) -> dict[str, object]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown user"


def _is_alive(holder: dict[str, object]) -> bool:
    """Tell whether the holder runs; processes of other hosts cannot be asked and count as alive."""
    if holder.get("host") != socket.gethostname():
        return True
    try:
        process = psutil.Process(int(str(holder.get("pid", -1))))
        same = abs(process.create_time() - float(str(holder.get("started", 0)))) < 2.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False
