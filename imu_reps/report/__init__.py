"""A summary in words a person reads in ten seconds."""
