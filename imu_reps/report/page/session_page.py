"""The page of a whole session."""

from __future__ import annotations

from imu_reps.report.page.page import template
from imu_reps.report.session_text import HEADS, SessionWords


def session_page(words: SessionWords) -> str:
    """A session as one HTML document that asks for nothing else."""
    return template("session.html.j2").render(
        title=words.title,
        heads=HEADS,
        rows=words.rows,
        words=("exercise", "ended"),
        sections=words.sections,
        version=words.version,
    )
