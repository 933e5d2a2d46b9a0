"""A study on disk: layout, strokes, provenance, atomic writes, locks."""

from operando.study.record import Entry
from operando.study.sample import study_of_sample
from operando.study.strokes import StrokeSet
from operando.study.study import Study

__all__ = ["Entry", "StrokeSet", "Study", "study_of_sample"]
