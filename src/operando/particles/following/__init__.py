"""The same particle in every frame: how the sample moved, and which particle is which."""
