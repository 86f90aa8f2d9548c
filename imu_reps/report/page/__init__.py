"""The report as one HTML page without a network: for a screen, light or dark, and for paper."""
