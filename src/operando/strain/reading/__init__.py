"""Numbers out of a displacement field: strain measures, lines, regions and noise floor."""
