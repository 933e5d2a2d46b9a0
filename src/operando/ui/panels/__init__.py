"""Panels of the dock, one file each."""
