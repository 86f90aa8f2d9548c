"""The words of the project: plain data that every other package speaks in."""
