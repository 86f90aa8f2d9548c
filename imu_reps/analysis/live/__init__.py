"""The running set: causal tracking between estimates, and the events emitted."""
