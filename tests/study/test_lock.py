from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import time

import psutil
import pytest

from operando.errors import StudyError
from operando.study import lock as locks
from operando.study.lock import WRITING_S, StudyLock


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


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b"[]"])
def test_a_damaged_lock_is_taken_over_once_nobody_can_be_writing_it(tmp_path, content):
    path = tmp_path / ".lock"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="held by someone"):
        StudyLock(tmp_path)
    assert path.read_bytes() == content
    long_ago = time.time() - WRITING_S - 1
    os.utime(path, (long_ago, long_ago))
    lock = StudyLock(tmp_path)
    assert json.loads(path.read_text())["token"] == lock.token


def test_of_two_that_find_the_same_dead_lock_one_takes_it(tmp_path, monkeypatch):
    write_lock(tmp_path, started=psutil.Process().create_time() - 1000)
    is_alive, faster = locks.is_alive, []

    def while_another_takes_it(holder):
        alive = is_alive(holder)
        monkeypatch.setattr(locks, "is_alive", is_alive)
        if not faster:
            faster.append(StudyLock(tmp_path))
        return alive

    monkeypatch.setattr(locks, "is_alive", while_another_takes_it)
    with pytest.raises(StudyError, match="open elsewhere"):
        StudyLock(tmp_path)
    assert json.loads((tmp_path / ".lock").read_text())["token"] == faster[0].token
    faster[0].release()
    assert not list(tmp_path.iterdir())


def test_a_lock_is_never_seen_half_written(tmp_path, monkeypatch):
    link, seen = os.link, []

    def look_before(source, target):
        seen.append((json.loads(source.read_text())["pid"], target.exists()))
        link(source, target)

    monkeypatch.setattr(os, "link", look_before)
    StudyLock(tmp_path)
    assert seen == [(os.getpid(), False)]


def test_where_files_cannot_be_linked_the_lock_holds_too(tmp_path, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_lock(tmp_path, started=psutil.Process().create_time() - 1000)
    lock = StudyLock(tmp_path)
    with pytest.raises(StudyError, match="open elsewhere"):
        StudyLock(tmp_path)
    lock.release()
    assert not list(tmp_path.iterdir())
