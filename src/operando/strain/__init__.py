"""Digital volume correlation, per-particle correlation, strain and discontinuities."""

from operando.strain.correlate import correlate
from operando.strain.cracks import find_cracks
from operando.strain.extensometer import Elongation, measure_elongation
from operando.strain.gradient import fit_field
from operando.strain.measures import (
    cylinder_axes,
    in_frame,
    principal,
    rotation_angle,
    von_mises,
)
from operando.strain.noise_floor import NoiseFloor, noise_floor
from operando.strain.particles import correlate_particles
from operando.strain.profile import profile
from operando.strain.region import RegionStatistics, region_statistics
from operando.strain.rigid_motion import without_motion
from operando.strain.series import correlate_series
from operando.strain.settings import CorrelationSettings

__all__ = [
    "CorrelationSettings",
    "Elongation",
    "NoiseFloor",
    "RegionStatistics",
    "correlate",
    "correlate_particles",
    "correlate_series",
    "cylinder_axes",
    "find_cracks",
    "fit_field",
    "in_frame",
    "measure_elongation",
    "noise_floor",
    "principal",
    "profile",
    "region_statistics",
    "rotation_angle",
    "von_mises",
    "without_motion",
]
