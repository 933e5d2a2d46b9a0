"""Take away noise, blur, rings, stripes, shading, spots, margins; match grey values; judge."""

from operando.clean.deblur import Deblur, deblur
from operando.clean.denoise import Denoise, denoise
from operando.clean.grid import bin_voxels, crop, mask_outside, rescale
from operando.clean.intensity import MatchIntensity
from operando.clean.margin import CutMargin
from operando.clean.mask import MaskLabels
from operando.clean.operation import Operation
from operando.clean.quality import judge
from operando.clean.rings import RemoveRings, remove_rings
from operando.clean.shading import EvenShading
from operando.clean.slices import AlignSlices
from operando.clean.spots import RemoveSpots, remove_spots
from operando.clean.stripes import RemoveStripes, remove_stripes

__all__ = [
    "AlignSlices",
    "CutMargin",
    "Deblur",
    "Denoise",
    "EvenShading",
    "MaskLabels",
    "MatchIntensity",
    "Operation",
    "RemoveRings",
    "RemoveSpots",
    "RemoveStripes",
    "bin_voxels",
    "crop",
    "deblur",
    "denoise",
    "judge",
    "mask_outside",
    "remove_rings",
    "remove_spots",
    "remove_stripes",
    "rescale",
]
