"""Which cells are one particle: by the necks between them, or by how pieces fit."""
