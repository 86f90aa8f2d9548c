"""The repetitions of a set in phases and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.reps.measure import Measured, Meter
from imu_reps.analysis.reps.phases import Phases, phase_boundaries, without_ringing
from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.settings import Settings

#: What goes below this is a knee that bends, or walking: not the resting end of a repetition.
FLOOR_DEG = -1.0


def measure_set(whole: SetEstimate, motion: SetMotion, settings: Settings) -> list[Measured]:
    """Phases and figures of every repetition of a set."""
    every = whole.segmentation.reps
    phases = []
    for spell in whole.posture.spells:
        reps = [rep for rep in every if spell.start <= rep.far.tick < spell.stop]
        phases += find_phases(motion, reps, spell.start, spell.stop - 1)
    meter = Meter(motion, settings)
    starts = [phase.out_start for phase in phases[1:]] + [None] * min(1, len(phases))
    return [meter.measure(phase, start) for phase, start in zip(phases, starts, strict=True)]


def find_phases(motion: SetMotion, reps: Sequence[Excursion], first: int, last: int) -> list[Phases]:
    """Phases of repetitions that follow each other, between the first and the last tick of their spell."""
    travel = motion.travel_sign * motion.elevation_deg
    speed = motion.travel_sign * without_ringing(motion.speed_dps, reps)
    # below the floor a knee is bent, or somebody walks: that is no way of the leg
    above = travel if motion.start_high else np.maximum(travel, FLOOR_DEG)

    def on_travel(turn: Turn) -> Turn:
        return Turn(turn.tick, float(above[turn.tick]))

    far_ends = [first, *(rep.far.tick for rep in reps), last]
    return [
        phase_boundaries(above, speed, rep.with_turns(on_travel), before, after)
        for rep, before, after in zip(reps, far_ends, far_ends[2:], strict=False)
    ]
