"""Every step by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from operando.errors import InputError
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


def make_step(name: str, settings: Mapping[str, Any]) -> Step:
    """Build a step from its name and settings, as a recipe holds them.

    Parameters
    ----------
    name
        One of `STEPS`.
    settings
        Those that differ from the defaults.

    Raises
    ------
    InputError
        If there is no such step or a setting is not allowed.
    """
    if name not in STEPS:
        raise InputError(f"There is no step {name!r}", f"use one of {', '.join(STEPS)}")
    try:
        return STEPS[name].model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"The setting {where!r} of the step {name!r} cannot be {first.get('input')!r} "
            f"({first['msg']})",
            f"see `operando steps {name}`",
        ) from None
