"""Advice between sessions: changes, side differences, the next exercise."""
