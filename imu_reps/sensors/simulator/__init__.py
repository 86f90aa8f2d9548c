"""A simulated wearer: rigid-body motion, sensors, radio, and the truth of it."""
