"""Settings of splitting and linking."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Side = Literal["z first", "z last", "y first", "y last", "x first", "x last"]


class SplitSettings(BaseModel):
    """How touching particles are parted and the pieces of cracked ones held together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["learned", "watershed"] = Field(
        "learned",
        title="Method",
        description="learned: a network tells particles apart by their shape; watershed: the"
        " distance to the surface does",
    )
    smallest_diameter: float | None = Field(
        None,
        title="Smallest diameter",
        description="Particles below this equivalent diameter (um) are left out; empty: a quarter"
        " of the typical diameter, a sixth for what the image border leaves of one",
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


class PhaseLabels(BaseModel):
    """What the labels of a segmentation mean to a particle; None where there is no such phase."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pore: int | None = Field(1, title="Pore", description="Label of the pores", ge=0)
    binder: int | None = Field(2, title="Binder", description="Label of the binder", ge=0)
    collector: int | None = Field(
        None, title="Current collector", description="Label of the current collector", ge=0
    )
    grey_low: int | None = Field(
        1, title="Grey 0", description="Label of the phase whose median grey counts as 0", ge=0
    )
    grey_high: int | None = Field(
        2, title="Grey 1", description="Label of the phase whose median grey counts as 1", ge=0
    )


class MeasureSettings(BaseModel):
    """Definitions that need a length or a choice. Lengths do not depend on the voxel size."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact_reach: float = Field(
        0.0,
        title="Contact reach",
        description="Binder, collector or particle behind a pore this thin (um) still counts as"
        " touching; 0: only what touches",
        ge=0,
        le=1e6,
    )
    error_patch: float | None = Field(
        None,
        title="Error patch",
        description="Extent (um) over which the segmentation errs alike, for the error of the"
        " detachment; empty: half of the particle's diameter",
        gt=0,
        le=1e6,
    )
    smallest_fragment: float = Field(
        0.01,
        title="Smallest fragment",
        description="Least share of a particle's volume that a loose piece must have to count",
        ge=0,
        le=1,
    )
    crack_reach: float | None = Field(
        None,
        title="Near a crack",
        description="Distance (um) from a crack within which grey levels count as near it; empty:"
        " a tenth of the particle's diameter",
        gt=0,
        le=1e6,
    )
    through_particles: bool = Field(
        False,
        title="Through particles",
        description="Electrons also enter where another particle touches",
    )
    packing_window: float | None = Field(
        None,
        title="Packing window",
        description="Edge (um) of the cube in which the packing density is taken; empty: three"
        " median diameters",
        gt=0,
        le=1e6,
    )
    collector_side: Side = Field(
        "z first",
        title="Collector side",
        description="Side of the image from which depth is counted: that of the current collector",
    )
    collector_there: bool = Field(
        False,
        title="Ends at the collector",
        description="The image ends at the current collector on that side: what this side cuts"
        " touches the collector",
    )

    @property
    def collector_end(self) -> tuple[int, int]:
        """Axis of the collector's side and its end, 0 or -1."""
        letter, _, end = self.collector_side.partition(" ")
        return "zyx".index(letter), 0 if end == "first" else -1
