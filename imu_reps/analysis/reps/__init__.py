"""Repetitions: which swings count, their phases, and what is measured of each."""
