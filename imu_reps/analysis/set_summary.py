"""The set in numbers: counts, means, the floor.

The repetitions of a set in phases and figures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.reps.measure import Measured, Meter
from imu_reps.analysis.reps.phases import Phases, phase_boundaries, without_ringing
from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.analysis.trend import trends
from imu_reps.domain.floor import floor_angle
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty, Partial, PartialReason, Rep
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import SetSummary
from imu_reps.domain.tempo import Tempo

#: What a partial repetition is; other swings that did not count are no attempts at one.
PARTIAL_REPS: tuple[PartialReason, ...] = ("too_small", "cut_off")


def summarise_set(
    reps: Sequence[Rep], partials: Sequence[Partial], header: Header, certainty: Certainty | None
) -> SetSummary:
    """The numbers of a set whose ankle sensor was there."""
    columns = {
        name: mean_and_sd([getattr(rep, name) for rep in reps])
        for name in ("concentric_s", "eccentric_s", "top_pause_s", "bottom_pause_s", "range_deg")
    }
    floor, below = (None, None) if header.exercise == "heel_tap" else floor_angle(reps)
    judged = [rep for rep in reps if rep.clean is not None]
    return SetSummary(
        rep_count=len(reps),
        rep_count_certainty=certainty,
        rep_count_by_sensors=None,
        clean_count=sum(rep.clean is True for rep in reps) if judged else None,
        partial_count=sum(partial.reason in PARTIAL_REPS for partial in partials),
        tempo=_tempo(columns),
        tempo_target=None if header.tempo_target is None else str(header.tempo_target),
        time_under_tension_s=sum(rep.end_s - rep.start_s for rep in reps) if reps else None,
        pelvic_tilt_deg_max=_largest(reps, "pelvic_tilt_deg"),
        pelvic_rotation_deg_max=_largest(reps, "pelvic_rotation_deg"),
        floor_angle_deg=floor,
        floor_below_deg=below,
        trend=trends(reps),
        **{f"{name}_{part}": columns[name][k] for name in columns for k, part in enumerate(("mean", "sd"))},
    )


def uncounted_set(header: Header) -> SetSummary:
    """The numbers of a set without an ankle sensor: none."""
    empty = summarise_set((), (), header, None)
    values = {name: getattr(empty, name) for name in SetSummary.__slots__}
    return SetSummary(**{**values, "rep_count": None, "clean_count": None, "partial_count": None})


def mean_and_sd(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Mean, and standard deviation from two values on, of what was measured."""
    known = [value for value in values if value is not None]
    mean = float(np.mean(known)) if known else None
    return mean, float(np.std(known, ddof=1)) if len(known) > 1 else None


def _tempo(columns: dict[str, tuple[float | None, float | None]]) -> str | None:
    """Mean tempo; with a single repetition the resting pause is unknown, and so is the tempo."""
    names = ("eccentric_s", "bottom_pause_s", "concentric_s", "top_pause_s")
    means = [columns[name][0] for name in names]
    known = [mean for mean in means if mean is not None]
    return str(Tempo(*known)) if len(known) == len(means) else None


def _largest(reps: Sequence[Rep], name: str) -> float | None:
    """The value of greatest magnitude, signed."""
    values = [getattr(rep, name) for rep in reps if getattr(rep, name) is not None]
    return max(values, key=abs) if values else None


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
