"""Which device computes, and how much memory it has to spare."""

from __future__ import annotations

from operando.errors import DeviceError


def choose_device(name: str = "auto") -> str:
    """Return the torch device to use.

    Parameters
    ----------
    name
        "auto" takes CUDA, else Apple's MPS, else the CPU; any other name is checked and kept.

    Raises
    ------
    DeviceError
        If the named device is not there.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    kind, _, index = name.partition(":")
    numbered = kind == "cuda" and index.isdecimal() and int(index) < torch.cuda.device_count()
    if not there.get(kind, False) or (":" in name and not numbered):
        raise DeviceError(f"There is no device {name!r} on this machine", 'use "auto" or "cpu"')
    return name


def free_memory(device: str = "cpu") -> int:
    """Bytes that can still be allocated on a device."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)
