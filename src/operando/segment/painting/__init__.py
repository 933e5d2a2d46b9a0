"""Brush strokes: what was painted, where the brush slipped, and where to paint next."""
