"""How well found particles match true ones."""
