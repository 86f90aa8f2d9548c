"""Snap: a jolt that comes back at the same leg elevation while the leg is lowered."""

from __future__ import annotations

from imu_reps.analysis.faults.verdict import Limits, RepView, Verdict, make_fault
from imu_reps.analysis.reps.impacts import jolt_limit, sees_impulses

#: Fewer repetitions, or further apart, are chance (see the clinical reference).
FEWEST_REPS = 3
SAME_DEG = 5.0


def snap(view: RepView) -> Verdict:
    """A jolt in lowering that at least `FEWEST_REPS` repetitions of the set have within `SAME_DEG`.

    The value is the jolt's peak, the limit what the noise around it allows.
    """
    if not view.rep.leg_known or not sees_impulses(view.ankle_rate_hz):
        return Verdict("snap", judged=False)
    jolt = view.rep.jolt
    if jolt is None:
        return Verdict("snap", judged=True)
    same = [
        rep
        for rep in view.of_set
        if rep.jolt is not None and abs(rep.jolt.angle_deg - jolt.angle_deg) <= SAME_DEG
    ]
    if len(same) < FEWEST_REPS:
        return Verdict("snap", judged=True)
    limit = float(jolt_limit(jolt.noise_mps2, view.settings))
    limits = Limits(limit, limit, "m/s²", "experimental")
    fault = make_fault(view, "snap", ("flag", limit), jolt.peak_mps2, limits, jolt.tick)
    return Verdict("snap", True, fault)
