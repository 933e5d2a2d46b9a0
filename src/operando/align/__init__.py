"""Line up the frames of a series: drift, rotation, change of voxel size; resample lazily."""

from operando.align.pyramid import make_pyramid
from operando.align.register import Registration, register
from operando.align.resample import resampled
from operando.align.series import AlignSettings, align
from operando.align.transform import Transform

__all__ = [
    "AlignSettings",
    "Registration",
    "Transform",
    "align",
    "make_pyramid",
    "register",
    "resampled",
]
