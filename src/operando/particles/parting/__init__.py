"""The particles of one frame: a volume of any size is split, and corrections teach how."""
