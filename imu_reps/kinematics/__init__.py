"""From samples to motion: clocks and gaps, rest, orientation, mounting, lever."""
