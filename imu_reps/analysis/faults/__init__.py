"""Faults of a repetition, one module each; every detector takes a `RepView` and returns a `Verdict`."""
