"""Segmented phases: how much of each, how they hang together, and what of them to mend."""
