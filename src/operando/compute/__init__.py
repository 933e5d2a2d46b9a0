"""Tiles with halo, devices, memory, progress and cancel: how every room computes."""

from operando.compute.device import choose_device, free_memory
from operando.compute.progress import PartProgress, Progress, ProgressCallback, Stopwatch
from operando.compute.tiles import Tile, blend_weights, plan_tiles

__all__ = [
    "PartProgress",
    "Progress",
    "ProgressCallback",
    "Stopwatch",
    "Tile",
    "blend_weights",
    "choose_device",
    "free_memory",
    "plan_tiles",
]
