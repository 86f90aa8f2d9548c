"""When each sample was taken, on the host's clock: of a finished set, and as samples arrive."""
