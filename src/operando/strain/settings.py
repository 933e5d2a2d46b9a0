"""What can be chosen in a correlation; the defaults need no thought."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CorrelationSettings(BaseModel):
    """Settings of `operando.strain.correlate`; lengths in voxels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Literal["auto", "affine", "quadratic"] = Field(
        "auto",
        title="Motion inside a window",
        description="Affine has half the noise, quadratic follows curved fields; "
        "auto takes quadratic where it lowers the expected error",
    )
    narrower: bool = Field(
        True,
        title="Narrower windows",
        description="Beside cracks and where the motion varies fast, down to 0.43 of the window; "
        "not with affine motion",
    )
    spline: Literal["quintic", "cubic"] = Field(
        "quintic",
        title="Interpolation",
        description="B-spline between voxels; cubic is faster and has up to 0.003 voxel bias",
    )
    coarse: bool = Field(
        True,
        title="Find the coarse motion",
        description="Register both volumes first; off only if they are known to lie within a voxel",
    )
    gradient: Literal["fit", "plane"] = Field(
        "fit",
        title="Strain from",
        description="A smooth field fitted to all nodes by their predicted errors, or planes "
        "through 3 x 3 x 3 nodes",
    )
    tolerance: float = Field(
        1e-3,
        ge=1e-5,
        le=0.1,
        title="Tolerance",
        description="Iterate until the corners of a window move less than this (voxels)",
    )
    max_iterations: int = Field(
        30, ge=3, le=200, title="Most iterations", description="Per window and order"
    )
    coverage: float = Field(
        0.5,
        gt=0,
        le=1,
        title="Smallest coverage",
        description="Share of a window that must lie in the mask and in both volumes",
    )
    minimum_zncc: float = Field(
        0.3,
        ge=0,
        lt=1,
        title="Smallest ZNCC",
        description="Nodes below are not trusted, whatever the noise",
    )
    residual_limit: float = Field(
        1.3,
        gt=1,
        title="Residual limit",
        description="Nodes whose grey residual variance exceeds the usual one by this factor are "
        "marked as low correlation (cracks, new phases); raised by itself where residuals scatter",
    )
    outlier_limit: float = Field(
        5.0,
        gt=1,
        title="Outlier limit",
        description="Distance from the surface through the neighbours, in standard deviations",
    )
    tile: int = Field(
        256,
        ge=64,
        title="Tile edge",
        description="Voxels; larger volumes are worked on tile by tile to save memory",
    )
    largest_sigma: float = Field(
        0.5,
        gt=0,
        title="Largest predicted error",
        description="Nodes with a larger predicted standard deviation (voxels) have no texture",
    )
