"""Files and data stored for the user: recordings, profiles, history, exports."""
