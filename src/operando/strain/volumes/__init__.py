"""Two grey volumes, ready to correlate: read piece by piece, and between their voxels."""
