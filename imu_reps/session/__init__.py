"""A running session: sets recorded, counted and coached one after the other."""
