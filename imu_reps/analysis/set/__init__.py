"""A set: where it is in a recording, how the leg is aligned, and which reading of it is the likeliest."""
