"""Digital volume correlation, per-particle correlation, strain and discontinuities."""

from operando.strain.correlate import correlate
from operando.strain.cracks import find_cracks
from operando.strain.field.gradient import fit_field
from operando.strain.particles.correlate import correlate_particles
from operando.strain.reading.extensometer import Elongation, measure_elongation
from operando.strain.reading.measures import (
    cylinder_axes,
    in_frame,
    principal,
    rotation_angle,
    von_mises,
)
from operando.strain.reading.noise_floor import NoiseFloor, noise_floor
from operando.strain.reading.profile import profile
from operando.strain.reading.region import RegionStatistics, region_statistics
from operando.strain.reading.rigid_motion import without_motion
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
