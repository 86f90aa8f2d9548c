"""The live page: the server, and what it serves to browsers."""
