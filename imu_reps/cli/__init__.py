"""Command line: one module or package per command; the only package that prints."""
