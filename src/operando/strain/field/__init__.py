"""From windows to a field: which nodes to trust, with what error, and their gradient."""
