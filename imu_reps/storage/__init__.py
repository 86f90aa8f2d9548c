"""The edge that keeps things: recording files and summaries."""
