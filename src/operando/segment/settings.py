"""What can be chosen about a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.nets.architecture import Triple

STEPS = {"instant": 0, "quick": 50, "balanced": 90, "thorough": 600}
"""Batches per effort; without any, only the last layer learns."""
FLAT_STEPS = {**STEPS, "balanced": 250}
"""For single slices, which cost less and may show anything."""
NEW_STEPS = {**STEPS, "quick": 100, "balanced": 180}
"""At least, for networks that know nothing yet: in fewer they do not even tell dark from bright."""
FLAT_PATCHES = 16
"""Flat patches in place of one that is deep, in every step."""


class TrainSettings(BaseModel):
    """How a network learns from strokes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    effort: Literal["instant", "quick", "balanced", "thorough"] = Field(
        "balanced",
        title="Effort",
        description="How long to train; balanced takes about a minute on two processor cores, "
        "instant a few seconds: the network is told what your classes look like, and only the last "
        "layer learns. Networks that start from scratch learn twice as long, at thorough as long",
    )
    network: Literal["unet3d", "unet3d_time", "separable", "lrcsnet", "forest"] = Field(
        "unet3d",
        title="Network",
        description="3D U-Net (pre-trained); the same looking at the frames before and after "
        "too; separable: a light U-Net; LRCS-Net in 3D; or the random forest on multi-scale "
        "features, to compare with. A model that is gone on from keeps its own",
    )
    width: int = Field(
        16,
        ge=4,
        le=64,
        title="Width",
        description="Feature channels at full resolution; more learn finer distinctions, slower. "
        "Pre-trained networks and models that are gone on from keep their own",
    )
    patch: int = Field(
        64,
        ge=16,
        le=256,
        title="Patch size",
        description="Edge of the patches in the plane of a slice",
        json_schema_extra={"unit": "voxel"},
    )
    patch_depth: int = Field(
        24,
        ge=1,
        le=256,
        title="Patch depth",
        description="Slices in a patch",
        json_schema_extra={"unit": "voxel"},
    )
    batch: int = Field(
        1,
        ge=1,
        le=64,
        title="Batch size",
        description="Patches per training step; of single slices 16 times as many",
    )
    learning_rate: float = Field(
        3e-3,
        gt=0,
        le=0.1,
        title="Learning rate",
        description="Peak of the one-cycle schedule",
    )
    augment: bool = Field(
        True,
        title="Augment",
        description="Turn and mirror patches, change their brightness and contrast, add noise",
    )
    held_out: float = Field(
        0.15,
        ge=0,
        le=0.5,
        title="Held out",
        description="Share of the strokes of every class that is kept aside to score the model",
    )
    balance: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Class balance",
        description="0 counts every painted voxel alike, 1 every class alike",
    )
    restore: float = Field(
        0.3,
        ge=0,
        le=10,
        title="Restore",
        description="Weight of guessing hidden voxels, by which unlabelled ones teach too; "
        "for networks that start from scratch",
    )
    keep: float = Field(
        0.5,
        ge=0,
        le=10,
        title="Keep",
        description="Weight of agreeing with what was known before where there are no strokes; "
        "for networks that do not start from scratch",
    )
    freeze: Literal["nothing", "encoder", "decoder"] = Field(
        "nothing",
        title="Freeze",
        description="Part of the network that stays as it is: the way down to coarse features "
        "(encoder) or up again to the classes (decoder); for networks that do not start from "
        "scratch. Effort instant freezes both",
    )
    follow_edges: float = Field(
        3.0,
        ge=0,
        le=100,
        title="Follow edges",
        description="Weight of neighbouring voxels that look alike getting alike probabilities, "
        "which moves borders to the edges of the image and finds thin cracks; a tenth of it for "
        "single slices and networks from scratch. Lower it where classes differ by texture, not "
        "by grey value",
    )
    second_opinion: Literal["slices", "always", "never"] = Field(
        "slices",
        title="Ask a random forest",
        description="Where the network is unsure, a random forest and a regression learnt from the "
        "same strokes have a say: better for single slices, now better and now worse for volumes, "
        "and up to twice as slow, on a GPU far more",
        json_schema_extra={
            "names": {"slices": "for single slices", "always": "always", "never": "never"}
        },
    )
    seed: int = Field(
        0,
        ge=0,
        title="Seed",
        description="Same seed, same strokes, same machine: same model",
    )

    def steps_on(self, patch: Triple, *, new: bool = False) -> int:
        """How many batches of these patches to train for; more where a network starts anew."""
        steps = (FLAT_STEPS if patch[0] == 1 else STEPS)[self.effort]
        return max(steps, NEW_STEPS[self.effort]) if new else steps

    def patch_in(self, volume: Triple, voxel_size: Sequence[float] | None = None) -> Triple:
        """Patch ``(z, y, x)``: fewer slices where they are thick, never more than the volume."""
        depth = self.patch_depth
        if voxel_size is not None:
            depth = max(1, round(depth * min(1.0, min(voxel_size[1:]) / voxel_size[0])))
        z, y, x = volume
        return min(depth, z), min(self.patch, y), min(self.patch, x)

    def batch_of(self, patch: Triple) -> int:
        """How many of these patches make a step."""
        return self.batch * (FLAT_PATCHES if patch[0] == 1 else 1)
