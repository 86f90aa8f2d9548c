"""Repetitions: segmentation into counted swings, phases, and figures of each."""
