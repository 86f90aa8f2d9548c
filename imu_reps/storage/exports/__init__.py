"""Exports of sets for other programs: tables, data sets, orientations, subtitles."""
