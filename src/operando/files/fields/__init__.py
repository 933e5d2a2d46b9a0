"""Displacement fields for other programs: tables of nodes, and VTK."""
