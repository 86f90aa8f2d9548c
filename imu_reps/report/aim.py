"""Whether the tempo that was aimed at was kept."""

from __future__ import annotations

from imu_reps.domain.summary import Summary
from imu_reps.domain.tempo import Tempo, TempoPart
from imu_reps.report.figures import listed, written

_TEMPO_WORDS: dict[TempoPart, str] = {
    "eccentric_s": "the way down took",
    "bottom_s": "the pause at the bottom was",
    "concentric_s": "the way up took",
    "top_s": "the pause at the top was",
}


def aim_sentences(summary: Summary) -> list[str]:
    """Whether the tempo that was aimed at was kept, and if not, where it was not."""
    figures = summary.set
    means = (
        figures.eccentric_s_mean,
        figures.bottom_pause_s_mean,
        figures.concentric_s_mean,
        figures.top_pause_s_mean,
    )
    known = [mean for mean in means if mean is not None]
    if figures.tempo_target is None or figures.tempo is None or len(known) < len(means):
        return []
    measured, aim = Tempo(*known), Tempo.parse(figures.tempo_target)
    missed = measured.missed(aim)
    if not missed:
        return [f"You kept the tempo you aimed at, {short_tempo(figures.tempo_target)}."]
    parts = [
        f"{words} {written(getattr(measured, part), 's')} (aim {written(getattr(aim, part), 's')})"
        for part, words in _TEMPO_WORDS.items()
        if part in missed
    ]
    return [f"Not quite the tempo you aimed at: {listed(parts)}."]


def short_tempo(tempo: str) -> str:
    """A tempo without needless decimals.

    Examples
    --------
    >>> short_tempo("2.0-0.0-2.5-0.0")
    '2-0-2.5-0'
    """
    return "-".join(part.removesuffix(".0") for part in tempo.split("-"))
