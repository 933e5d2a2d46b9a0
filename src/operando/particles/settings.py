"""Settings of splitting and linking."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SplitSettings(BaseModel):
    """How touching particles are parted and the pieces of cracked ones held together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smallest_diameter: float | None = Field(
        None,
        title="Smallest diameter",
        description="Particles below this equivalent diameter (um) are left out; empty: a quarter"
        " of the typical diameter",
        gt=0,
        le=1e6,
    )
    crack_width: float | None = Field(
        None,
        title="Crack width",
        description="Widest gap (um) that may be a crack inside a particle; empty: a quarter of"
        " the typical diameter",
        gt=0,
        le=1e6,
    )
    separation: float = Field(
        0.5,
        title="Separation",
        description="0 keeps pieces together when in doubt, 1 parts them",
        ge=0,
        le=1,
    )
    smoothing: float = Field(
        0.5,
        title="Smoothing",
        description="Standard deviation (voxels) of the smoothing of the distance map, against"
        " rough surfaces",
        ge=0,
        le=10,
    )


class LinkSettings(BaseModel):
    """Which particle of one frame is which of the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    largest_motion: float = Field(
        0.6,
        title="Largest motion",
        description="How far a particle may lie from where it is expected, in diameters",
        gt=0,
        le=10,
    )
    largest_growth: float = Field(
        2.0,
        title="Largest growth",
        description="Largest ratio of its volumes in two linked frames",
        gt=1,
        le=100,
    )
    longest_gap: int = Field(
        1,
        title="Longest gap",
        description="Frames in which a particle may be missing before it counts as lost",
        ge=0,
        le=20,
    )
    largest_drift: float = Field(
        0.25,
        title="Largest drift",
        description="Largest motion of the whole sample between two frames, as a share of the"
        " image's longest edge; 0 means that it does not drift",
        ge=0,
        le=1,
    )
