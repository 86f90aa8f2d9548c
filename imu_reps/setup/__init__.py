"""Setup before a session: scanning, pairing, placement and diagnosis."""
