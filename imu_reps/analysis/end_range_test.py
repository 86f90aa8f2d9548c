"""The end-range test and the setup test.

The end-range test measures how low the leg comes before the back lets go, in very slow lowerings; the setup
test whether the back can be pressed flat, by how many degrees and for how long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imu_reps.analysis.set.pelvis import mean_up
from imu_reps.analysis.set.spells import ZERO_S, Rest, find_posture, in_spells, rests_in
from imu_reps.analysis.set_motion import held_high, low_passed
from imu_reps.domain.exercise import Exercise, Side
from imu_reps.domain.progress import EndRange, Grade, Press
from imu_reps.domain.recording import Recording
from imu_reps.domain.rep import Certainty, Rep
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import Summary
from imu_reps.domain.track import GRID_HZ
from imu_reps.errors import RecordingError
from imu_reps.kinematics.motion import Motion, bridged
from imu_reps.kinematics.mounting import pelvic_tilt, pelvis_axes_at
from imu_reps.kinematics.recorded import estimate_motion
from imu_reps.kinematics.rest import stretches
from imu_reps.quality.plausibility import usable

#: Greatest mean speed of a lowering: a faster leg outruns the pelvis, and where the back let go hardly shows.
SLOW_DPS = 20.0

#: Fewest lowerings: a single one may be chance.
MIN_LOWERINGS = 2

#: Number of lowerings, and their largest spread, for a sure result.
ENOUGH_LOWERINGS, AGREEING_DEG = 3, 5.0

#: Greatest angle of each grade of the double leg lowering test, from clinical teaching.
GRADES: tuple[tuple[float, Grade], ...] = ((15.0, "normal"), (45.0, "good"), (75.0, "fair"), (90.0, "poor"))


def end_range(summaries: Sequence[Summary]) -> tuple[EndRange, ...]:
    """Return the test's result for every exercise and side among recordings, in their order.

    Parameters
    ----------
    summaries : sequence of Summary
        Summaries of recordings of slow lowerings; several of one side are combined.
    """
    lowerings: dict[tuple[Exercise, Side | None], list[Rep]] = {}
    for summary in summaries:
        recording = summary.recording
        lowerings.setdefault((recording.exercise, recording.side), []).extend(summary.reps)
    return tuple(_of_side(exercise, side, reps) for (exercise, side), reps in lowerings.items())


def grade_of(angle_deg: float) -> Grade:
    """Return the typical grade of a leg angle, rounded to whole degrees above the floor."""
    return next((grade for maximum, grade in GRADES if round(angle_deg) <= maximum), "poor")


def _of_side(exercise: Exercise, side: Side | None, reps: Sequence[Rep]) -> EndRange:
    judged = [(rep, lowest) for rep in reps if (lowest := _lowest_flat(rep)) is not None]
    slow = [(rep, lowest) for rep, lowest in judged if _slow(rep)]
    angles = [rep.lift_off_angle_deg for rep, _ in slow if rep.lift_off_angle_deg is not None]
    lets_go = len(slow) >= MIN_LOWERINGS and len(angles) > len(slow) / 2
    # a lowering in which the back did not let go could have gone lower; the median stays valid with such
    # values
    middle = float(np.median([lowest for _, lowest in slow])) if slow else None
    spread = float(np.std(angles, ddof=1)) if lets_go and len(angles) > 1 else None
    known = middle if len(slow) >= MIN_LOWERINGS else None
    return EndRange(
        exercise=exercise,
        side=side,
        angles_deg=tuple(angles),
        lowerings=len(slow),
        floor_deg=middle if lets_go else None,
        spread_deg=spread,
        held_to_deg=None if lets_go else known,
        grade=None if known is None else _grade(known, lets_go=lets_go),
        certainty=_certainty(exercise, len(slow), spread),
        too_fast=len(judged) - len(slow),
        unjudged=len(reps) - len(judged),
    )


def _lowest_flat(rep: Rep) -> float | None:
    """Return the lowest leg angle with the back flat; None if not measured."""
    if rep.pelvic_tilt_deg is None or rep.range_deg is None or not rep.eccentric_s:
        return None
    return rep.bottom_angle_deg if rep.lift_off_angle_deg is None else rep.lift_off_angle_deg


def _slow(rep: Rep) -> bool:
    return (rep.range_deg or 0.0) <= SLOW_DPS * (rep.eccentric_s or 0.0)


def _grade(angle_deg: float, *, lets_go: bool) -> Grade | None:
    """Return the grade; None if the back did not let go, unless it is the best: it may be better."""
    grade = grade_of(angle_deg)
    return grade if lets_go or grade == GRADES[0][1] else None


def _certainty(exercise: Exercise, lowerings: int, spread_deg: float | None) -> Certainty:
    """Return the certainty: fair if lowerings agree and both legs were lowered, as the grades assume."""
    agree = spread_deg is None or spread_deg <= AGREEING_DEG
    sure = lowerings >= ENOUGH_LOWERINGS and agree
    return "fair" if sure and exercise == "double_leg_raise" else "low"


#: Smallest press: less is within the errors of sensor (1°) and skin (2°).
MIN_PRESS_DEG = 3.0

#: The press counts as held while at least this share of its greatest angle remains.
HELD_SHARE = 0.5


def press_back(recording: Recording) -> Press:
    """Measure how far and how long the pelvis was tipped back, from a rest before it.

    Parameters
    ----------
    recording : Recording
        Lying with bent knees: still for a moment, then the back pressed flat and held. What the pelvis does
        while the leg is lifted is no press.

    Raises
    ------
    RecordingError
        ``no_pelvis`` without a pelvis sensor; ``no_zero`` without a still rest before the press; and those of
        `analyze`.
    """
    checked = usable(recording)
    if recording.pelvis is None:
        raise RecordingError(
            "The setup test needs the pelvis sensor, and this recording has none.",
            hint="Wear it on the front of the belt and record the test again.",
            code="no_pelvis",
        )
    motion = estimate_motion(checked.recording, checked.without_invalid(checked.clocks), checked.biases_dps)
    posture = find_posture(motion, recording.header)
    long_enough = [rest for rest in rests_in(posture.ready) if rest.duration_s >= ZERO_S]
    if not long_enough or posture.cranial is None or motion.pelvis is None:
        raise _no_zero()
    rest, up = long_enough[0], motion.pelvis.up
    start = mean_up(up, rest)
    if start is None:
        raise _no_zero()
    axes = pelvis_axes_at(start, posture.cranial, recording.header)
    tilt = pelvic_tilt(axes, up, recording.header.posture)
    counted = in_spells(posture.spells, len(motion))
    lifted, lifted_deg = _lifted(motion, rest, counted)
    press = _press(-low_passed(bridged(tilt)), counted & ~lifted, rest, motion.time_s)
    return replace(press, lifted_deg=lifted_deg)


def _lifted(motion: Motion, rest: Rest, in_posture: BoolArray) -> tuple[BoolArray, float | None]:
    """Return when the leg was away from its rest, and how far at most: the pelvis tips back with a leg."""
    resting = None if motion.ankle is None else mean_up(motion.ankle.up, rest)
    if motion.ankle is None or resting is None:
        return np.zeros(len(motion), np.bool_), None
    turn_deg = np.degrees(np.arccos(np.clip(motion.ankle.up @ resting, -1.0, 1.0)))
    lifted = turn_deg >= Settings().min_range_deg  # an instant that was not measured is taken for rest
    return lifted, float(turn_deg[lifted & in_posture].max()) if (lifted & in_posture).any() else None


def _press(back_deg: FloatArray, counted: BoolArray, rest: Rest, time_s: FloatArray) -> Press:
    """Measure the press from the posterior tilt over the recording, where it counts."""
    zero_s = float(time_s[rest.seen])
    after = np.where(counted, back_deg, 0.0)[rest.seen :]
    firm = held_high(after, Settings().angle_hold_s)
    greatest = max(float(firm.max()), 0.0)
    if greatest < MIN_PRESS_DEG:
        return Press(zero_s, greatest, 0.0, pressed=False)
    held = stretches(after >= max(MIN_PRESS_DEG, HELD_SHARE * greatest))
    return Press(zero_s, greatest, max(end - start for start, end in held) / GRID_HZ, pressed=True)


def _no_zero() -> RecordingError:
    return RecordingError(
        "Nobody lay still for a second before the press, so there is nothing to count it from.",
        hint="Lie relaxed with bent knees for three seconds, then press the back flat and hold it.",
        code="no_zero",
    )
