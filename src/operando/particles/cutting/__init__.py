"""The solid cut into cells: how deep every voxel lies, its basins, and which of them touch."""
