"""Every step by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.data.given import as_settings
from operando.errors import check_choice
from operando.steps.align import Align
from operando.steps.clean import CLEAN_STEPS
from operando.steps.compare import Compare
from operando.steps.connectivity import MeasureConnectivity
from operando.steps.convert import Convert
from operando.steps.damage import MapDamage
from operando.steps.import_model import ImportModel
from operando.steps.improve_splitter import ImproveSplitter
from operando.steps.learn_images import LearnImages
from operando.steps.particle_motion import MeasureParticleMotion
from operando.steps.particles import FindParticles
from operando.steps.quality import JudgeQuality
from operando.steps.repair import Repair
from operando.steps.score_model import ScoreModel
from operando.steps.segment import Segment
from operando.steps.steady import Steady
from operando.steps.strain import MeasureStrain
from operando.steps.train import Train

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operando.steps.step import Step

_ALL: tuple[type[Step], ...] = (
    Convert,
    JudgeQuality,
    *CLEAN_STEPS,
    Align,
    LearnImages,
    Train,
    ImportModel,
    Segment,
    Steady,
    Repair,
    Compare,
    ScoreModel,
    MeasureConnectivity,
    ImproveSplitter,
    FindParticles,
    MapDamage,
    MeasureParticleMotion,
    MeasureStrain,
)
STEPS: Mapping[str, type[Step]] = {step.name: step for step in _ALL}


def make_step(name: str, settings: Mapping[str, Any] | None = None) -> Step:
    """Build a step from its name and settings, as a recipe holds them.

    Parameters
    ----------
    name
        One of `STEPS`.
    settings
        Those that differ from the defaults; None for all by default.

    Raises
    ------
    InputError
        If there is no such step or a setting is not allowed.
    """
    check_choice(name, STEPS, "step")
    return as_settings(STEPS[name], settings, f"the step {name!r}", f"see `operando steps {name}`")
