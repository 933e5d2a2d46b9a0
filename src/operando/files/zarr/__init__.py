"""Zarr and OME-Zarr folders: their arrays, groups and metadata."""
