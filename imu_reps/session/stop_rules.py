"""Optional rules that end a set when form or strength fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from imu_reps.domain.exercise import Start
from imu_reps.domain.rep import Rep

#: Repetitions at the start that give the reference, and those in a row that must fall short: one is a slip.
USUAL_REPS, LOST_REPS = 3, 2


@dataclass(frozen=True, slots=True)
class StopRules:
    """Conditions that end a set before its target; None switches a condition off.

    Attributes
    ----------
    faulty_reps : int or None
        Number of faulty repetitions in a row.
    range_loss, speed_loss : float or None
        Fraction by which the mean range, or peak concentric speed, of the last two repetitions falls below
        the median of the first three.
    """

    faulty_reps: int | None = None
    range_loss: float | None = None
    speed_loss: float | None = None


def stop_reason(rules: StopRules, reps: Sequence[Rep], start: Start = "low") -> str | None:
    """Return why the set ends after these repetitions; None if it goes on.

    Repetitions not measured or not judged end nothing. With a low start, a last repetition whose only flag is
    ``below_floor`` does not count as faulty until the leg goes up again: it may be the leg being put down.
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
