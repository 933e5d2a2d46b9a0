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
    """

    name: str
    title: str
    unit: str
    description: str
    decimals: int = 2

    @property
    def header(self) -> str:
        """Title with unit, as a table shows it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


PARTICLE_COLUMNS = (
    Column("frame", "frame", "", "Index of the frame, from 0", 0),
    Column("particle", "id", "", "The same number for the same particle in every frame", 0),
    Column("time_h", "time", "h", "Hours since the first frame"),
    Column("volume_um3", "volume", "µm³", "Voxels of the particle and of the cracks inside it"),
    Column("diameter_um", "diameter", "µm", "Diameter of the sphere of the same volume"),
    Column("surface_um2", "surface", "µm²", "Outer surface, cracks closed, of a smoothed mesh"),
    Column("sphericity", "sphericity", "", "Surface of the sphere of equal volume over surface"),
    Column("mean_intensity", "mean grey", "", "Mean grey value of the solid part", 1),
    Column("crack_fraction", "crack", "", "Crack volume over the volume with cracks", 3),
    Column("on_edge", "on edge", "", "Whether the image border cuts the particle", 0),
    Column("z_um", "z", "µm", "Centroid"),
    Column("y_um", "y", "µm", "Centroid"),
    Column("x_um", "x", "µm", "Centroid"),
)
