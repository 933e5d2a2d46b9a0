"""The node grid: where its windows start from, and their solution tile by tile."""
