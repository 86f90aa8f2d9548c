"""Plausibility of a recording, and validity of its samples; every repair is reported."""
