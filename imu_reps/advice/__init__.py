"""Between sessions: what changed, how the sides differ, what to do next."""
