"""A set while it runs: what is causal between two estimates, and what there is to say."""
