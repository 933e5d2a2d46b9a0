"""Neighbouring frames compared along the motion: labels that flicker, and labels steadied."""
