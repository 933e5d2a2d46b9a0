import numpy as np
import psutil
import pytest

from operando.compute.kept_memory import _gnu_c_library, kept_memory

pytestmark = pytest.mark.skipif(_gnu_c_library() is None, reason="needs the GNU C library")

LARGE = 128 * 2**20
"""Bytes, more than the C library ever keeps by itself."""


def touch() -> None:
    np.ones(LARGE, np.uint8)


def faults_of(rounds: int) -> int:
    """Count the pages that the system had to clear for this process."""
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        touch()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_freed_memory_is_touched_anew_only_once():
    mapped = faults_of(4)
    with kept_memory():
        touch()
        kept = faults_of(4)
    assert kept < mapped / 10
    assert faults_of(4) > mapped / 2


def test_memory_is_given_back_at_the_end():
    process = psutil.Process()
    with kept_memory():
        touch()
        kept = process.memory_info().rss
    assert process.memory_info().rss < kept - LARGE / 2


def test_it_lasts_as_long_as_the_longest_user():
    mapped = faults_of(4)
    with kept_memory():
        with kept_memory():
            touch()
        assert faults_of(4) < mapped / 10


def test_an_error_gives_it_back_too():
    mapped = faults_of(4)
    with pytest.raises(ZeroDivisionError), kept_memory():
        raise ZeroDivisionError
    assert faults_of(4) > mapped / 2
