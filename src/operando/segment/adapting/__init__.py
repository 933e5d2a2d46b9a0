"""From what a network knows to these strokes: told, its last layer fitted, and held back."""
