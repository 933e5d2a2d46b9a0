"""The layers of a study in a viewer."""
