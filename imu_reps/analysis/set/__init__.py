"""The set: its spells in a recording, the alignment of the leg, and the likeliest reading."""
