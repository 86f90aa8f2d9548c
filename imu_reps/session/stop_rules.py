"""Rules a person sets that end a set by themselves: the form goes, or the strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from imu_reps.domain.recording import Start
from imu_reps.domain.rep import Rep

#: The first repetitions say what is usual, so many in a row what is lost: one alone is a slip.
USUAL_REPS, LOST_REPS = 3, 2


@dataclass(frozen=True, slots=True)
class StopRules:
    """When a set ends by itself beside its target; None: never so.

    Attributes
    ----------
    faulty_reps : int or None
        After so many faulty repetitions in a row.
    range_loss, speed_loss : float or None
        After two repetitions in a row whose mean range, or speed on the way up, is smaller by this share than
        the median of the first three.
    """

    faulty_reps: int | None = None
    range_loss: float | None = None
    speed_loss: float | None = None


def stop_reason(rules: StopRules, reps: Sequence[Rep], start: Start = "low") -> str | None:
    """Why the set ends after these repetitions; None: it goes on.

    What was not measured, or not judged, ends nothing; nor does a leg that rests low and went below the floor
    angle, before it has gone up again: in the last repetition of a set it is put down.
    """
    if rules.faulty_reps is not None:
        put_down = start == "low" and reps and reps[-1].flags == ("below_floor",)
        last = (reps[:-1] if put_down else reps)[-rules.faulty_reps :]
        if len(last) == rules.faulty_reps and all(rep.flags for rep in last):
            return "faulty_reps"
    if _is_lost([rep.range_deg for rep in reps], rules.range_loss):
        return "range_lost"
    if _is_lost([rep.peak_concentric_dps for rep in reps], rules.speed_loss):
        return "speed_lost"
    return None


def _is_lost(values: Sequence[float | None], share: float | None) -> bool:
    if share is None or len(values) < USUAL_REPS + LOST_REPS:
        return False
    first, last = _known(values[:USUAL_REPS]), _known(values[-LOST_REPS:])
    if len(first) < USUAL_REPS or len(last) < LOST_REPS:
        return False
    return fmean(last) < (1.0 - share) * median(first)


def _known(values: Sequence[float | None]) -> list[float]:
    return [abs(value) for value in values if value is not None]
