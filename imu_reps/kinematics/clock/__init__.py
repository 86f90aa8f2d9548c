"""Sample times on the host's clock, for a finished set and as samples arrive."""
