"""View model of a session, shared by the terminal's panel and the page."""
