"""Columns of the tidy tables, with the unit and meaning of each."""

from __future__ import annotations

from dataclasses import dataclass


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


_WHERE, _SIZE, _SHAPE, _DAMAGE = "place", "size", "shape", "damage"
_CONTACT, _PATHS, _GREY, _NEAR = "contact", "electron paths", "grey level", "neighbours"

PARTICLE_COLUMNS = (
    Column("frame", "frame", "", "Index of the frame, from 0", 0, _WHERE),
    Column("particle", "id", "", "The same number for the same particle in every frame", 0, _WHERE),
    Column("time_h", "time", "h", "Hours since the first frame", 2, _WHERE),
    Column("volume_um3", "volume", "µm³", "Particle with the cracks inside it", 2, _SIZE),
    Column("diameter_um", "diameter", "µm", "Of the sphere of the same volume", 2, _SIZE),
    Column(
        "surface_um2",
        "surface",
        "µm²",
        "Outer surface, cracks closed; no cut at the border",
        2,
        _SIZE,
    ),
    Column(
        "sphericity",
        "sphericity",
        "",
        "Surface of the sphere of equal volume over surface",
        2,
        _SHAPE,
    ),
    Column("mean_intensity", "mean grey", "", "Mean grey level of the solid part", 1, _GREY),
    Column(
        "crack_fraction",
        "crack",
        "",
        "Cracks and pores inside, over the volume with them",
        3,
        _DAMAGE,
    ),
    Column("on_edge", "on edge", "", "Whether the image border cuts the particle", 0, _WHERE),
    Column("accepted", "accepted", "", "Whether somebody looked and found it right", 0, _WHERE),
    Column("z_um", "z", "µm", "Centroid", 2, _WHERE),
    Column("y_um", "y", "µm", "Centroid", 2, _WHERE),
    Column("x_um", "x", "µm", "Centroid", 2, _WHERE),
    Column("depth_um", "depth", "µm", "Centroid below the current collector's side", 2, _WHERE),
    Column(
        "feret_max_um", "longest Feret", "µm", "Largest distance of two parallel planes", 2, _SHAPE
    ),
    Column(
        "feret_min_um", "shortest Feret", "µm", "Least distance of two parallel planes", 2, _SHAPE
    ),
    Column(
        "axis_long_um",
        "long axis",
        "µm",
        "Of the ellipsoid with the same second moments",
        2,
        _SHAPE,
    ),
    Column("axis_middle_um", "middle axis", "µm", "Of the same ellipsoid", 2, _SHAPE),
    Column("axis_short_um", "short axis", "µm", "Of the same ellipsoid", 2, _SHAPE),
    Column("elongation", "elongation", "", "Long axis over short axis", 2, _SHAPE),
    Column("tilt_deg", "tilt", "°", "Of the long axis from the z axis, 0 to 90", 1, _SHAPE),
    Column(
        "azimuth_deg",
        "azimuth",
        "°",
        "Of the long axis in the plane, from x to y, to 180",
        1,
        _SHAPE,
    ),
    Column(
        "roughness", "roughness", "", "Surface over that of the convex hull; 1 is smooth", 3, _SHAPE
    ),
    Column(
        "solidity", "solidity", "", "Volume over that of the convex hull; 1 is convex", 3, _SHAPE
    ),
    Column("crack_area_um2", "crack area", "µm²", "Area of all crack walls inside", 2, _DAMAGE),
    Column(
        "crack_area_per_um", "crack density", "1/µm", "Area of crack walls per volume", 3, _DAMAGE
    ),
    Column("fragments", "fragments", "", "Loose pieces of the solid", 0, _DAMAGE),
    Column(
        "crack_core",
        "crack in core",
        "",
        "Crack share of the innermost third by volume",
        3,
        _DAMAGE,
    ),
    Column("crack_middle", "crack in middle", "", "Crack share of the middle third", 3, _DAMAGE),
    Column("crack_shell", "crack in shell", "", "Crack share of the outermost third", 3, _DAMAGE),
    Column("facing_pore_um2", "facing pore", "µm²", "Outer surface at pores", 2, _CONTACT),
    Column("facing_binder_um2", "facing binder", "µm²", "Outer surface at binder", 2, _CONTACT),
    Column(
        "facing_particles_um2",
        "facing particles",
        "µm²",
        "Outer surface at other particles",
        2,
        _CONTACT,
    ),
    Column(
        "facing_collector_um2",
        "facing collector",
        "µm²",
        "Outer surface at the current collector",
        2,
        _CONTACT,
    ),
    Column("cut_um2", "cut", "µm²", "Area of the cut by the image border", 2, _CONTACT),
    Column(
        "detachment",
        "detached",
        "",
        "Area facing pore over that facing pore or binder",
        3,
        _CONTACT,
    ),
    Column(
        "detachment_sd",
        "detached ±",
        "",
        "Standard deviation that the phase probabilities leave",
        3,
        _CONTACT,
    ),
    Column(
        "path_mean_um",
        "mean path",
        "µm",
        "Mean way of electrons through the solid from binder or collector",
        2,
        _PATHS,
    ),
    Column("path_max_um", "longest path", "µm", "Longest such way", 2, _PATHS),
    Column(
        "path_ratio",
        "path ratio",
        "",
        "Mean path over that of the same particle, whole and attached all round",
        2,
        _PATHS,
    ),
    Column(
        "unconnected_fraction",
        "unconnected",
        "",
        "Share of the solid that no path reaches",
        3,
        _PATHS,
    ),
    Column("grey_spread", "grey spread", "", "Standard deviation in the solid part", 1, _GREY),
    Column("grey_core", "grey in core", "", "Mean of the innermost third by volume", 1, _GREY),
    Column("grey_middle", "grey in middle", "", "Mean of the middle third", 1, _GREY),
    Column("grey_shell", "grey in shell", "", "Mean of the outermost third", 1, _GREY),
    Column(
        "grey_near_crack", "grey at cracks", "", "Mean near cracks minus mean elsewhere", 1, _GREY
    ),
    Column(
        "density", "density proxy", "", "Mean grey between two reference phases, 0 and 1", 3, _GREY
    ),
    Column("density_spread", "density spread", "", "Grey spread on the same scale", 3, _GREY),
    Column(
        "density_noise", "density noise", "", "Grey spread within the reference phases", 3, _GREY
    ),
    Column("coordination", "neighbours", "", "Number of touching particles", 0, _NEAR),
    Column("nearest_um", "nearest", "µm", "Centroid to the nearest centroid", 2, _NEAR),
    Column("six_nearest_um", "six nearest", "µm", "Mean distance to the six nearest", 2, _NEAR),
    Column("packing", "packing", "", "Share of particles in the cube around it", 3, _NEAR),
)
"""Columns of the table of particles; those that nothing is known for are empty (NaN)."""

_MOTION = "motion"

MOTION_COLUMNS = (
    *(
        Column(f"u_{k}_um", f"shift {k}", "µm", "Motion of the centroid by correlation", 3, _MOTION)
        for k in "zyx"
    ),
    Column("shift_um", "shift", "µm", "Length of the motion of the centroid", 3, _MOTION),
    Column(
        "sigma_shift_um",
        "shift error",
        "µm",
        "Predicted standard deviation of one component of the shift",
        4,
        _MOTION,
    ),
    Column("rotation_deg", "rotation", "°", "Angle that the particle turned by", 2, _MOTION),
    Column(
        "sigma_rotation_deg",
        "rotation error",
        "°",
        "Predicted standard deviation of the rotation vector",
        2,
        _MOTION,
    ),
    Column(
        "volume_ratio",
        "volume ratio",
        "",
        "Volume over that in the reference frame, by correlation",
        4,
        _MOTION,
    ),
    Column(
        "sigma_volume_ratio",
        "volume ratio error",
        "",
        "Predicted standard deviation of the volume ratio",
        4,
        _MOTION,
    ),
    Column("motion_zncc", "ZNCC", "", "Correlation of the moved particle, at most 1", 3, _MOTION),
    Column(
        "residual_ratio",
        "residual ratio",
        "",
        "Grey residual variance over that of the other particles",
        2,
        _MOTION,
    ),
    Column(
        "motion_freedom",
        "degrees of freedom",
        "",
        "Of the motion that an F-test chose: 3 shift, 6 rigid, 7 with swelling, 12 affine",
        0,
        _MOTION,
    ),
    Column(
        "changed",
        "changed inside",
        "",
        "1: follows, but its inside does not match (cracked or reacted)",
        0,
        _MOTION,
    ),
    Column("lost", "lost", "", "1: was not found again by correlation", 0, _MOTION),
    Column("contacts_gained", "contacts gained", "", "Particles that it came to touch", 0, _MOTION),
    Column("contacts_lost", "contacts lost", "", "Particles that it came off", 0, _MOTION),
)
"""Columns that measuring the motion of particles adds; each against a reference frame."""
