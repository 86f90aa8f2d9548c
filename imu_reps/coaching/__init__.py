"""Coaching in real time: which cues are given to the person, and when."""
