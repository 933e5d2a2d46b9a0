"""The dock "Operando" and the docks opened from it."""
