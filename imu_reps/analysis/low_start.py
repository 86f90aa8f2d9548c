"""Sets that start low: which sense of the leg's angle is up, and which excursions are repetitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from imu_reps.analysis.segmentation import Segmentation, Turn, find_reps
from imu_reps.analysis.swing import Swing, no_arc, oriented
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings


def find_low_set(
    turns: Sequence[Turn], swing: Swing, header: Header, settings: Settings
) -> tuple[float, Segmentation]:
    """The sense of the angle that lifts the leg, and the set in that sense.

    Parameters
    ----------
    turns : sequence of Turn
        Of the leg's angle since it lay on the floor, either sense.
    swing : Swing
        Over the same ticks.

    Notes
    -----
    Up is where the leg moves most, unless the lever says otherwise; an ankle that was not carried round the
    hip did no leg raise.
    """
    found = [(sense, find_reps(oriented(turns, sense), settings, 0.0)) for sense in (1.0, -1.0)]
    sense, best = max(found, key=lambda one: sum(rep.range_deg for rep in one[1].reps))
    lever = swing.lever(best.reps)
    if lever is None:
        return sense, best
    if no_arc(lever):
        return sense, replace(best, reps=())
    told = swing.up_sense(lever, best.reps) if header.posture == "supine" else None
    if told is None or told == sense:
        return sense, best
    return told, dict(found)[told]
