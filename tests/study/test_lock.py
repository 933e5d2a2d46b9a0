from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import psutil
import pytest

from operando.errors import StudyError
from operando.study.lock import StudyLock


def write_lock(folder, **changes):
    me = psutil.Process()
    holder = {
        "token": "other",
        "user": "ada",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": me.create_time(),
        "since": "2026-01-01T00:00:00+00:00",
    }
    (folder / ".lock").write_text(json.dumps(holder | changes))


def test_a_second_holder_is_told_who_holds_it(tmp_path):
    write_lock(tmp_path)
    with pytest.raises(StudyError, match=r"held by ada on .* \(process \d+\) since 2026"):
        StudyLock(tmp_path)


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    write_lock(tmp_path, pid=int(child.stdout))
    lock = StudyLock(tmp_path)
    assert json.loads((tmp_path / ".lock").read_text())["token"] == lock.token


@pytest.mark.skipif(os.name != "posix", reason="others keep no ended processes")
def test_a_killed_process_that_nobody_waited_for_does_not_hold_the_lock(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write_lock(tmp_path, pid=child.pid, started=psutil.Process(child.pid).create_time())
    with pytest.raises(StudyError, match="open elsewhere"):
        StudyLock(tmp_path)
    child.kill()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    StudyLock(tmp_path).release()
    child.communicate()


def test_a_reused_process_number_does_not_hold_the_lock(tmp_path):
    write_lock(tmp_path, started=psutil.Process().create_time() - 1000)
    StudyLock(tmp_path).release()
    assert not (tmp_path / ".lock").exists()


def test_the_lock_of_another_machine_is_respected(tmp_path):
    write_lock(tmp_path, host="beamline-7", pid=1)
    with pytest.raises(StudyError, match="beamline-7"):
        StudyLock(tmp_path)


def test_a_child_works_under_the_token_of_its_parent(tmp_path):
    lock = StudyLock(tmp_path)
    StudyLock(tmp_path, token=lock.token).release()
    assert (tmp_path / ".lock").exists()
    lock.release()
    assert not (tmp_path / ".lock").exists()


def test_a_stale_token_is_refused(tmp_path):
    with pytest.raises(StudyError, match="no longer held"):
        StudyLock(tmp_path, token="gone")


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe"])
def test_a_damaged_lock_is_taken_over(tmp_path, content):
    (tmp_path / ".lock").write_bytes(content)
    assert StudyLock(tmp_path).token
