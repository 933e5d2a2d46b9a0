"""Volumes of labels, whole or block by block: checked, counted, resampled, filled."""
