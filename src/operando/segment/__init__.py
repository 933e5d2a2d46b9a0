"""Segmentation that learns from a few brush strokes."""

from operando.segment.instant import InstantModel
from operando.segment.model import Model, pretrained
from operando.segment.predict import predict, predict_blocks, predict_into
from operando.segment.settings import TrainSettings
from operando.segment.train import train

__all__ = [
    "InstantModel",
    "Model",
    "TrainSettings",
    "predict",
    "predict_blocks",
    "predict_into",
    "pretrained",
    "train",
]
