from __future__ import annotations

import pytest

from operando.cli.progress import TerminalProgress
from operando.compute.progress import Progress


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    return TerminalProgress()


def test_a_file_gets_a_line_at_the_start_and_one_at_the_end(capsys):
    shown = TerminalProgress()
    shown.start("1/2 Train")
    shown(Progress(done=1, total=2))
    shown.finish("1/2 Train: learned from 9 strokes")
    assert capsys.readouterr().err == "1/2 Train …\n1/2 Train: learned from 9 strokes\n"


def test_a_terminal_shows_how_far_it_is_on_one_line(capsys, terminal):
    terminal.start("Train")
    terminal(Progress(done=1, total=4, message="Fitting", seconds_left=7.2))
    terminal.finish("Train: done")
    lines = capsys.readouterr().err.split("\r\x1b[K")
    assert lines == ["", "Train …", "Train · Fitting · 25% · 7 s left", "Train: done\n"]


def test_a_line_is_written_ten_times_a_second_at_most(capsys, terminal, monkeypatch):
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for step in range(10):
        now += 0.03
        terminal(Progress(done=step, total=10))
    assert capsys.readouterr().err.count("\r") == 3
