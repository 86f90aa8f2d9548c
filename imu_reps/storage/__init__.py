"""The edge that keeps things: recordings, profiles, history, exports."""
