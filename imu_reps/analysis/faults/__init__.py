"""Faults of a repetition: the detectors, and what they judge."""
