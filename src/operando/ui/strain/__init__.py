"""Displacement fields in the canvas."""
