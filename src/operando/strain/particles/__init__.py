"""Motion, rotation and swelling of particles by correlation of their own voxels."""
