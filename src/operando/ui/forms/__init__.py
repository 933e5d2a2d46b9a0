"""Forms made from settings, and the editors in them."""
