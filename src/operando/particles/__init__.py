"""Particles: parted, followed through time, measured."""

from operando.particles.following.link import follow, link, rename
from operando.particles.measuring.measure import measure
from operando.particles.measuring.path_map import electron_paths
from operando.particles.parting.split import split, split_blocks
from operando.particles.scoring.scores import Matches, link_accuracy, match
from operando.particles.series import split_series
from operando.particles.settings import LinkSettings, MeasureSettings, PhaseLabels, SplitSettings

__all__ = [
    "LinkSettings",
    "Matches",
    "MeasureSettings",
    "PhaseLabels",
    "SplitSettings",
    "electron_paths",
    "follow",
    "link",
    "link_accuracy",
    "match",
    "measure",
    "rename",
    "split",
    "split_blocks",
    "split_series",
]
