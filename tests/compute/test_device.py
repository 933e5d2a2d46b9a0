from __future__ import annotations

import psutil
import pytest
import torch

from operando.compute import choose_device, free_memory
from operando.errors import DeviceError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without any accelerator."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    return monkeypatch


def test_the_best_device_is_taken(machine: pytest.MonkeyPatch) -> None:
    assert choose_device() == "cpu"
    machine.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device() == "mps"
    machine.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == "cuda"
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "tpu", ""])
def test_a_device_that_is_not_there_is_refused(machine: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(DeviceError, match=f"no device '{name}'"):
        choose_device(name)


def test_a_cuda_device_that_does_not_exist_is_refused(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: True)
    machine.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == "cuda:1"
    for name in ("cuda:2", "cuda:x", "cuda:"):
        with pytest.raises(DeviceError):
            choose_device(name)


def test_free_memory_of_the_machine() -> None:
    assert 0 < free_memory() <= psutil.virtual_memory().total


def test_free_memory_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (7, 11))
    assert free_memory("cuda:0") == 7
