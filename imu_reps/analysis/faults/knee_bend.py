"""Bent knee, suspected only: the ankle is carried as if the hip lay elsewhere than in the first repetitions.

Of a straight leg the hip lies on the shank's line, as far as the leg is long. A knee held bent by 40°
brings it nearer and off that line, by 37 % of the leg's length: ``2 thigh sin(bend / 2)``. A knee that bends
with the lift moves the thigh faster than the shank, which puts the hip off the line as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, fastest_tick, make_fault
from imu_reps.analysis.reps.measure import Measured
from imu_reps.domain.samples import FloatArray

#: A leg that is not accelerated more than this says too little, rad/s².
LEAST_RAD_S2 = 1.5

#: The first third of the set is the yardstick, at most this many repetitions.
MOST_FIRST = 3

#: A yardstick known less well than this share of its length is none.
CLEAR_SHARE = 0.1


def knee_bend(view: RepView) -> Verdict | None:
    """How far off the hip seems to lie, as a share of the lever of the set's first ones; None for heel taps.

    Not judged are the first ones themselves, and a leg that moved too evenly to show its lever.
    """
    if view.motion.header.exercise == "heel_tap":
        return None
    first = view.of_set[: max(1, min(MOST_FIRST, len(view.of_set) // 3))]
    lever, yardstick = view.rep.lever, _yardstick(first)
    is_first = any(rep is view.rep for rep in first)
    if is_first or not view.rep.leg_known or lever is None or yardstick is None:
        return Verdict("knee_bend", judged=False)
    if view.rep.peak_rad_s2 is None or view.rep.peak_rad_s2 < LEAST_RAD_S2:
        return Verdict("knee_bend", judged=False)
    off = float(np.linalg.norm(lever.vector_m - yardstick) / np.linalg.norm(yardstick))
    limit = view.settings.knee_bend_share
    limits = Limits(limit, limit, "share", "low")
    passed = limits.level_over(off)
    if passed is None:
        return Verdict("knee_bend", judged=True)
    tick = fastest_tick(view, view.rep.concentric, 1.0)
    return Verdict("knee_bend", True, make_fault(view, "knee_bend", passed, off, limits, tick))


def _yardstick(first: Sequence[Measured]) -> FloatArray | None:
    """The mean lever of repetitions that show it clearly, in sensor axes; None without one."""
    known = [
        rep.lever.vector_m
        for rep in first
        if rep.leg_known and rep.lever is not None and rep.lever.sd_m < CLEAR_SHARE * rep.lever.length_m
    ]
    return np.mean(known, axis=0) if known else None
