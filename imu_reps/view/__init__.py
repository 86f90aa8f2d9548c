"""What a screen shows of a session, shared by the terminal's panel and the page."""
