"""Synchronisation of the two sensors, by taps and by arrivals."""
