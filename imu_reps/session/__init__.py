"""A session with two real (or virtual) sensors: pairing, recording sets, finding out what is wrong."""
