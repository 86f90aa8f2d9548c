"""From samples to angles: clocks and gaps, rest, orientation, mounting."""
