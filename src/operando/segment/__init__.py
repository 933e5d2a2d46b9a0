"""Segmentation that learns from a few brush strokes."""

from operando.segment.instant import InstantModel
from operando.segment.learn_images import learn_images
from operando.segment.models.model import Model, pretrained
from operando.segment.models.model_card import model_card
from operando.segment.painting.slips import find_slips
from operando.segment.painting.suggest import suggest_regions
from operando.segment.phases.uncertainty import fraction_intervals
from operando.segment.predict import choose_backend, predict, predict_blocks, predict_into
from operando.segment.scoring.compare import Agreement, compare_labels
from operando.segment.settings import TrainSettings
from operando.segment.train import train

__all__ = [
    "Agreement",
    "InstantModel",
    "Model",
    "TrainSettings",
    "choose_backend",
    "compare_labels",
    "find_slips",
    "fraction_intervals",
    "learn_images",
    "model_card",
    "predict",
    "predict_blocks",
    "predict_into",
    "pretrained",
    "suggest_regions",
    "train",
]
