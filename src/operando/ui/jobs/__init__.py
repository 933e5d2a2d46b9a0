"""Work in the background, as it shows in the window."""
