"""A timed hold: its start and end as detected, and whether the pelvis kept its position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.set_motion import SetMotion, held_high
from imu_reps.analysis.set_summary import uncounted_set
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import LONGEST_HOLE_S, BoolArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import SetSummary
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.rest import stretches

#: Leg elevation above which the legs are off the floor.
LIFTED_DEG = 8.0

#: A leg is in the hold within this of the hold's median height, or within this share of it, whichever is
#: more.
NEAR_DEG, NEAR_SHARE = 8.0, 0.35

#: Share of its greatest speed below which the leg has arrived in the hold.
ARRIVING_SHARE = 0.1

#: Shortest hold.
SHORTEST_S = 3.0


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold.

    Attributes
    ----------
    start_s, end_s : float
        Start and end on the recording's `time_s`.
    clean_s, clean_from_s : float or None
        Duration of the longest stretch with the pelvis within its limit, and its start counted from
        `start_s`; None if tilt was not measured.
    greatest_tilt_deg, greatest_tilt_after_s : float or None
        Greatest anterior tilt held for `Settings.angle_hold_s`, and its time counted from `start_s`; None if
        tilt was not measured.
    others : int
        Number of other, shorter holds in the recording.
    """

    start_s: float
    end_s: float
    clean_s: float | None
    clean_from_s: float | None
    greatest_tilt_deg: float | None
    greatest_tilt_after_s: float | None
    others: int = 0

    @property
    def duration_s(self) -> float:
        """Duration of the hold."""
        return self.end_s - self.start_s


def find_hold(motion: SetMotion, spells: Sequence[slice], settings: Settings) -> Hold | None:
    """Return the longest hold of a set; None if the legs were never held up.

    Parameters
    ----------
    motion : SetMotion
        Motion of the whole recording.
    spells : sequence of slice
        Ticks in which the person was in the posture.
    settings : Settings
    """
    up = np.zeros(len(motion.track), bool)
    for spell in spells:
        # legs start on the floor, so that any elevation is up even if the sign of the angle is not known
        up[spell] = np.abs(motion.elevation_deg[spell]) > LIFTED_DEG
    held = [span for start, end in stretches(up) if (span := _in_hold(motion, start, end)) is not None]
    if not held:
        return None
    longest = max(held, key=lambda span: span.stop - span.start)
    return _judged(motion, longest, settings, others=len(held) - 1)


def _in_hold(motion: SetMotion, start: int, end: int) -> slice | None:
    """Return the part of a stretch with the legs up between their arrival and their leaving, or None."""
    height, speed = np.abs(motion.elevation_deg[start:end]), np.abs(motion.speed_dps[start:end])
    usual = float(np.median(height))
    near = np.flatnonzero(np.abs(height - usual) < max(NEAR_DEG, NEAR_SHARE * usual))
    first, last = int(near[0]), int(near[-1])
    arrived = speed < min(SLOW_DPS, ARRIVING_SHARE * float(speed.max()))
    calm = np.flatnonzero(arrived[first : last + 1])
    if len(calm) == 0 or calm[-1] - calm[0] < SHORTEST_S * GRID_HZ:
        return None
    # a hold that ends with the recording was never left
    stop = last if end == len(motion.elevation_deg) else first + int(calm[-1])
    return slice(start + first + int(calm[0]), start + stop + 1)


def _judged(motion: SetMotion, held: slice, settings: Settings, others: int) -> Hold:
    start_s, end_s = (float(motion.track.time_s[tick]) for tick in (held.start, held.stop - 1))
    nothing = Hold(start_s, end_s, None, None, None, None, others)
    tilt = motion.tilt_deg[held]
    if not np.isfinite(tilt).all() or motion.pelvis_missing[held].all():
        return nothing
    firm = held_high(tilt, settings.angle_hold_s)
    greatest = int(np.argmax(firm))
    unclean = _lasting(tilt > settings.tilt_flag_deg, settings.angle_hold_s)
    unclean |= _lasting(motion.pelvis_missing[held], LONGEST_HOLE_S)
    clean = max(stretches(~unclean), key=lambda span: span[1] - span[0], default=(0, 0))
    return replace(
        nothing,
        clean_s=min((clean[1] - clean[0]) / GRID_HZ, nothing.duration_s),
        clean_from_s=clean[0] / GRID_HZ,
        greatest_tilt_deg=float(firm[greatest]),
        greatest_tilt_after_s=greatest / GRID_HZ,
    )


def _lasting(mask: BoolArray, min_s: float) -> BoolArray:
    """Return the mask without stretches shorter than `min_s`."""
    lasting = np.zeros(len(mask), bool)
    for start, end in stretches(mask, shortest=math.ceil(min_s * GRID_HZ)):
        lasting[start:end] = True
    return lasting


def hold_summary(hold: Hold | None, header: Header) -> SetSummary:
    """Return the figures of a hold: no repetitions, its duration, its greatest tilt."""
    empty = uncounted_set(header)
    if hold is None:
        return empty
    return replace(empty, time_under_tension_s=hold.duration_s, pelvic_tilt_deg_max=hold.greatest_tilt_deg)


def hold_findings(hold: Hold | None, settings: Settings, *, leg_seen: bool) -> list[Finding]:
    """Return findings on a hold, or on its absence."""
    if hold is None:
        return [Finding("hold", values={"least_s": SHORTEST_S} if leg_seen else {})]
    found = [Finding("hold", values={"held_s": hold.duration_s})]
    if hold.clean_s is None or hold.greatest_tilt_deg is None:
        found.append(Finding("hold_unjudged"))
    else:
        values = {
            "held_s": hold.duration_s,
            "clean_s": hold.clean_s,
            "from_s": hold.clean_from_s,
            "tilt_deg": hold.greatest_tilt_deg,
            "tilt_after_s": hold.greatest_tilt_after_s,
            "limit_deg": settings.tilt_flag_deg,
        }
        whole = hold.clean_s >= hold.duration_s
        found += [Finding(code, values=values) for code in ("hold_clean", "hold_tilt")[: 1 if whole else 2]]
    if hold.others:
        found.append(Finding("hold_others", values={"others": hold.others}))
    return found
