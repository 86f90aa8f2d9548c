"""Contradictions between header and sensors: posture, the leg's resting end, repetitions or a hold.

The sensors show neither the side nor which of two exercises with the same motion of one leg was done:
docs/recording-format.md#what-the-samples-do-not-show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.estimate import SetEstimate, contradicts_posture
from imu_reps.analysis.hold import LIFTED_DEG
from imu_reps.analysis.set.evidence import FEW_REPS
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import median

#: Smallest difference of that sine by which the upper end is told from the lower one.
APART = 0.1

#: A leg rests within this share of its range from an end, slower than this (ours).
END_SHARE, RESTS_DPS = 0.25, 10.0

#: Legs held up before and after a set for this long, and this many times as long as in a repetition, rest
#: there (ours: real sets that are cut off at the top have 2 to 5 s at one end).
HELD_S, HELD_TIMES = 1.5, 2.0

#: A high start has a wait at the top before the first lowering; a shorter one than this is a turn (ours: at
#: least 1 s in recordings by other authors). Pauses at the bottom that are longer than this, and this many
#: times the pauses at the top and that wait, show that the leg rests low.
WAITS_S, LONG_BELOW_S, LONG_BELOW_TIMES = 0.75, 0.8, 1.3

#: A repetition whose pause at the far end is longer than the first is rather a hold; legs repeatedly above
#: half height for less than the second do repetitions (ours).
LONG_HOLD_S, SHORT_STAY_S = 10.0, 6.0


def contradictions(
    whole: SetEstimate, motion: SetMotion, reps: Sequence[Rep], header: Header
) -> list[Finding]:
    """Return findings on what the sensors contradict in the header; none if they cannot tell.

    Parameters
    ----------
    whole : SetEstimate
        Estimate of the set.
    motion : SetMotion
        Its low-passed motion.
    reps : sequence of Rep
        Its repetitions.
    header : Header
    """
    found = [*_posture(whole, header)]
    if header.exercise in HOLDS:
        return found + _no_hold(whole, motion, header)
    if found or not reps:
        return found
    upside_down = _upside_down(whole, header)
    return upside_down or _start(_Rests.of(whole, motion, reps), reps, header) or _a_hold(reps, header)


def _posture(whole: SetEstimate, header: Header) -> list[Finding]:
    """Report a leg that hangs in a supine set, or lies in a hanging one, if the pelvis cannot show it."""
    if not contradicts_posture(whole.line, whole.posture, header):
        return []
    values = {"exercise": header.exercise, "hanging": header.posture != "hanging"}
    return [Finding("posture_contradicted", values=values, severity="caution")]


def _upside_down(whole: SetEstimate, header: Header) -> list[Finding]:
    """Report that, by the lever, the leg rests at the end opposite to the header's start."""
    if whole.line is None:
        return []
    higher = whole.line.near - whole.line.far
    return [_start_finding(header)] if (higher if header.start == "low" else -higher) > APART else []


def _start_finding(header: Header, **values: float) -> Finding:
    return Finding("start_contradicted", values={"start": header.start, **values}, severity="caution")


@dataclass(frozen=True, slots=True)
class _Rests:
    """Time that the leg rested at the upper and at the lower end, seconds.

    Attributes
    ----------
    up_before, up_after : float
        At the upper end before the first repetition and after the last one, in posture.
    up_between : float
        At the upper end, mean per repetition.
    down_before : float
        At the lower end before the first repetition.
    """

    up_before: float
    up_after: float
    up_between: float
    down_before: float

    @classmethod
    def of(cls, whole: SetEstimate, motion: SetMotion, reps: Sequence[Rep]) -> _Rests:
        spells, time_s = whole.posture.spells, motion.track.time_s
        first, last = np.searchsorted(time_s, [reps[0].start_s, reps[-1].end_s]).tolist()
        start = max((spell.start for spell in spells if spell.start <= first), default=0)
        end = min((spell.stop for spell in spells if spell.stop > last), default=len(motion.track))
        angle = motion.elevation_deg
        low, high = np.percentile(angle[first : last + 1], (3.0, 97.0))
        share = (angle - low) / max(high - low, 1.0)
        slow = (np.abs(motion.speed_dps) < RESTS_DPS) & ~motion.leg_missing
        before, after = slice(start, first), slice(last, end)
        up, down = slow & (share > 1.0 - END_SHARE), slow & (share < END_SHARE)
        between = float(up[first:last].sum()) / len(reps)
        return cls(
            *(float(n) / GRID_HZ for n in (up[before].sum(), up[after].sum(), between, down[before].sum()))
        )


def _start(rests: _Rests, reps: Sequence[Rep], header: Header) -> list[Finding]:
    """Report that the legs rest at the end opposite to the header's start, by their waits around the set."""
    if len(reps) < FEW_REPS:  # one or two show no habit
        return []
    top, bottom = (_usual([getattr(rep, name) for rep in reps]) for name in ("top_pause_s", "bottom_pause_s"))
    if header.start == "low":
        waits = min(rests.up_before, rests.up_after)
        held = waits > max(HELD_S, HELD_TIMES * rests.up_between)
        return [_start_finding(header, held_s=waits)] if held else []
    turns_round = rests.up_before < WAITS_S
    waits_below = bottom > LONG_BELOW_S and bottom > LONG_BELOW_TIMES * max(top, rests.up_before)
    if rests.down_before > HELD_S and turns_round and waits_below:
        return [_start_finding(header, held_s=rests.up_before)]
    return []


def _usual(pauses: Sequence[float | None]) -> float:
    known = [pause for pause in pauses if pause is not None]
    return median(np.array(known)) if known else 0.0


def _no_hold(whole: SetEstimate, motion: SetMotion, header: Header) -> list[Finding]:
    """Report a hold in which the legs went up and down repeatedly."""
    stays_s: list[float] = []
    for spell in whole.posture.spells:
        angle = np.abs(motion.elevation_deg[spell])
        half_way = max(LIFTED_DEG, float(np.percentile(angle, 97.0)) / 2.0)
        stays_s += [(end - start) / GRID_HZ for start, end in stretches(angle > half_way)]
    if len(stays_s) < FEW_REPS or np.median(stays_s) > SHORT_STAY_S or max(stays_s) > LONG_HOLD_S:
        return []
    values = {"exercise": header.exercise, "times": len(stays_s)}
    return [Finding("hold_contradicted", values=values, severity="caution")]


def _a_hold(reps: Sequence[Rep], header: Header) -> list[Finding]:
    """Report repetitions that stay at the far end like a hold."""
    far = [rep.top_pause_s if header.start == "low" else rep.bottom_pause_s for rep in reps]
    stays = min((pause or 0.0 for pause in far), default=0.0)
    if len(reps) >= FEW_REPS or stays < LONG_HOLD_S:
        return []
    return [
        Finding(
            "reps_contradicted", values={"exercise": header.exercise, "held_s": stays}, severity="caution"
        )
    ]
