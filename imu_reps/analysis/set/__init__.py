"""A set: where it is in a recording, how the leg is aligned in it, and which reading of it is the likeliest."""
