"""Reports as self-contained HTML pages, for screens, light or dark, and for paper."""
