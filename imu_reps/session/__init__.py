"""Running sessions: sets recorded, counted and coached one after the other."""
