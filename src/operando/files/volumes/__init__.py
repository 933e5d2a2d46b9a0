"""Formats of one volume in a file: a header, and voxels behind it or beside it."""
