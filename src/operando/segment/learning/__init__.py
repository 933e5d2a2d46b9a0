"""What there is to learn from strokes and by which losses, and the forest that learns it too."""
