"""Columns of the tidy tables, with the unit and meaning of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name
        Column name; carries its unit, such as ``volume_um3``.
    title
        What a table header or an axis says.
    unit
        Unit as text, empty for plain numbers.
    description
        How it is defined.
    decimals
        Digits shown after the point.
    group
        Family of measures that it belongs to: "shape", "damage", "contact" ...
    """

    name: str
    title: str
    unit: str
    description: str
    decimals: int = 2
    group: str = ""

    @property
    def header(self) -> str:
        """Title with unit, as a table shows it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def _family(group: str, *rows: tuple[Any, ...]) -> tuple[Column, ...]:
    """Columns of one group: name, title, unit, description, and decimals where not 2."""
    return tuple(replace(Column(*row), group=group) for row in rows)


PARTICLE_COLUMNS = (
    *_family(
        "place",
        ("frame", "frame", "", "Index of the frame, from 0", 0),
        ("particle", "id", "", "The same number for the same particle in every frame", 0),
        ("time_h", "time", "h", "Hours since the first frame"),
    ),
    *_family(
        "size",
        ("volume_um3", "volume", "µm³", "Particle with the cracks inside it"),
        ("diameter_um", "diameter", "µm", "Of the sphere of the same volume"),
        ("surface_um2", "surface", "µm²", "Outer surface, cracks closed; no cut at the border"),
    ),
    *_family(
        "shape",
        ("sphericity", "sphericity", "", "Surface of the sphere of equal volume over surface"),
    ),
    *_family(
        "grey level",
        ("mean_intensity", "mean grey", "", "Mean grey level of the solid part", 1),
    ),
    *_family(
        "damage",
        ("crack_fraction", "crack", "", "Cracks and pores inside, over the volume with them", 3),
    ),
    *_family(
        "place",
        (
            "on_edge",
            "on edge",
            "",
            "Whether the border of what was imaged cuts it",
            0,
        ),
        ("accepted", "accepted", "", "Whether somebody looked and found it right", 0),
        ("z_um", "z", "µm", "Centroid"),
        ("y_um", "y", "µm", "Centroid"),
        ("x_um", "x", "µm", "Centroid"),
        ("depth_um", "depth", "µm", "Centroid below the current collector's side"),
    ),
    *_family(
        "shape",
        ("feret_max_um", "longest Feret", "µm", "Largest distance of two parallel planes"),
        (
            "feret_min_um",
            "shortest Feret",
            "µm",
            "Least distance of two parallel planes; from 60 voxels",
        ),
        ("axis_long_um", "long axis", "µm", "Of the ellipsoid with the same second moments"),
        ("axis_middle_um", "middle axis", "µm", "Of the same ellipsoid"),
        ("axis_short_um", "short axis", "µm", "Of the same ellipsoid"),
        ("elongation", "elongation", "", "Long axis over short axis"),
        ("tilt_deg", "tilt", "°", "Of the long axis from the z axis, 0 to 90", 1),
        ("azimuth_deg", "azimuth", "°", "Of the long axis in the plane, from x to y, to 180", 1),
        (
            "roughness",
            "roughness",
            "",
            "Surface over that of the convex hull; 1 is smooth; from 60 voxels",
            3,
        ),
        (
            "solidity",
            "solidity",
            "",
            "Volume over that of the convex hull; 1 is convex; from 60 voxels",
            3,
        ),
    ),
    *_family(
        "damage",
        ("crack_area_um2", "crack area", "µm²", "Area of all crack walls inside"),
        ("crack_area_per_um", "crack density", "1/µm", "Area of crack walls per volume", 3),
        ("fragments", "fragments", "", "Loose pieces of the solid", 0),
        ("crack_core", "crack in core", "", "Crack share of the innermost third by volume", 3),
        ("crack_middle", "crack in middle", "", "Crack share of the middle third", 3),
        ("crack_shell", "crack in shell", "", "Crack share of the outermost third", 3),
    ),
    *_family(
        "contact",
        ("facing_pore_um2", "facing pore", "µm²", "Outer surface at pores"),
        ("facing_binder_um2", "facing binder", "µm²", "Outer surface at binder"),
        ("facing_particles_um2", "facing particles", "µm²", "Outer surface at other particles"),
        (
            "facing_collector_um2",
            "facing collector",
            "µm²",
            "Outer surface at the current collector",
        ),
        ("cut_um2", "cut", "µm²", "Area of the cut by the border of what was imaged"),
        ("detachment", "detached", "", "Area facing pore over that facing pore or binder", 3),
        (
            "detachment_sd",
            "detached ±",
            "",
            "Expected error (root mean square), from the phase probabilities",
            3,
        ),
    ),
    *_family(
        "electron paths",
        (
            "path_mean_um",
            "mean path",
            "µm",
            "Mean way of electrons through the solid from binder or collector",
        ),
        ("path_max_um", "longest path", "µm", "Longest such way"),
        (
            "path_ratio",
            "path ratio",
            "",
            "Mean path over that of the same particle, whole and attached all round",
        ),
        ("unconnected_fraction", "unconnected", "", "Share of the solid that no path reaches", 3),
    ),
    *_family(
        "grey level",
        ("grey_spread", "grey spread", "", "Standard deviation in the solid part", 1),
        ("grey_core", "grey in core", "", "Mean of the innermost third by volume", 1),
        ("grey_middle", "grey in middle", "", "Mean of the middle third", 1),
        ("grey_shell", "grey in shell", "", "Mean of the outermost third", 1),
        ("grey_near_crack", "grey at cracks", "", "Mean near cracks minus mean elsewhere", 1),
        ("density", "density proxy", "", "Mean grey between two reference phases, 0 and 1", 3),
        ("density_spread", "density spread", "", "Grey spread on the same scale", 3),
        ("density_noise", "density noise", "", "Grey spread within the reference phases", 3),
    ),
    *_family(
        "neighbours",
        ("coordination", "neighbours", "", "Number of touching particles", 0),
        ("nearest_um", "nearest", "µm", "Centroid to the nearest centroid"),
        ("six_nearest_um", "six nearest", "µm", "Mean distance to the six nearest"),
        ("packing", "packing", "", "Share of particles in the cube around it", 3),
    ),
)
"""Columns of the table of particles; those that nothing is known for are empty (NaN)."""

MOTION_COLUMNS = _family(
    "motion",
    *((f"u_{k}_um", f"shift {k}", "µm", "Motion of the centroid by correlation", 3) for k in "zyx"),
    ("shift_um", "shift", "µm", "Length of the motion of the centroid", 3),
    (
        "sigma_shift_um",
        "shift error",
        "µm",
        "Predicted standard deviation of one component of the shift",
        4,
    ),
    ("rotation_deg", "rotation", "°", "Angle that the particle turned by"),
    (
        "sigma_rotation_deg",
        "rotation error",
        "°",
        "Predicted standard deviation of the rotation vector",
    ),
    (
        "volume_ratio",
        "volume ratio",
        "",
        "Volume over that in the reference frame, by correlation",
        4,
    ),
    (
        "sigma_volume_ratio",
        "volume ratio error",
        "",
        "Predicted standard deviation of the volume ratio",
        4,
    ),
    ("motion_zncc", "ZNCC", "", "Correlation of the moved particle, at most 1", 3),
    (
        "residual_ratio",
        "residual ratio",
        "",
        "Grey residual variance over that of the other particles",
    ),
    (
        "motion_freedom",
        "degrees of freedom",
        "",
        "Of the motion that an F-test chose: 3 shift, 6 rigid, 7 with swelling, 12 affine",
        0,
    ),
    (
        "changed",
        "changed inside",
        "",
        "1: follows, but its inside does not match (cracked or reacted)",
        0,
    ),
    ("lost", "lost", "", "1: was not found again by correlation", 0),
    ("contacts_gained", "contacts gained", "", "Particles that it came to touch", 0),
    ("contacts_lost", "contacts lost", "", "Particles that it came off", 0),
)
"""Columns that measuring the motion of particles adds; each against a reference frame."""
