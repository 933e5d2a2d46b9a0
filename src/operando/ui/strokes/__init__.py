"""Painting strokes."""
