"""How far labels agree: with the truth, with strokes held out, or painted a second time."""
