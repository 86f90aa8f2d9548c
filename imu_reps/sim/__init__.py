"""Simulated wearers and virtual sensors: for the demonstration and the tests."""
