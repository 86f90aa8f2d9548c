"""Sets that start low: which sense of the leg's angle is up, and which excursions are repetitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from imu_reps.analysis.segmentation import Segmentation, Turn, find_reps
from imu_reps.analysis.swing import Swing, no_arc, oriented, without_small_non_arcs
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.kinematics.lever import Lever


@dataclass(frozen=True, slots=True)
class LowSet:
    """A set that starts low.

    Attributes
    ----------
    sense : float
        In which sense of the angle the leg goes up.
    segmentation : Segmentation
        In travel.
    lever : Lever or None
        Of a lying person's leg, where it shows which way is up.
    """

    sense: float
    segmentation: Segmentation
    lever: Lever | None


def find_low_set(turns: Sequence[Turn], swing: Swing, header: Header, settings: Settings) -> LowSet:
    """Find a set that starts low.

    Parameters
    ----------
    turns : sequence of Turn
        Of the leg's angle since it lay on the floor, either sense.
    swing : Swing
        Over the same ticks.
    header : Header
    settings : Settings

    Notes
    -----
    Up is where the leg moves most, unless the lever says otherwise; an ankle that was not carried round the
    hip did no leg raise.
    """
    found = [(sense, find_reps(oriented(turns, sense), settings, 0.0)) for sense in (1.0, -1.0)]
    sense, best = max(found, key=lambda one: sum(rep.range_deg for rep in one[1].reps))
    lever = swing.lever(best.reps)
    if lever is None:
        return LowSet(sense, best, None)
    if no_arc(lever):
        return LowSet(sense, replace(best, reps=()), None)
    told = swing.up_sense(lever, best.reps) if header.posture == "supine" else None
    if told is None:
        return LowSet(sense, without_small_non_arcs(swing, best), None)
    return LowSet(told, without_small_non_arcs(swing, dict(found)[told]), lever)
