"""Trained models: kept in a folder, described, packed for other programs, and looked into."""
