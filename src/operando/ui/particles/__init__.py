"""Particles: table, plots and canvas, linked."""
