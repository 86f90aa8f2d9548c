"""The command line: one file or package per verb, the only place that prints."""
