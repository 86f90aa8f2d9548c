"""Repetitions in which a sensor's gyroscope and accelerometer contradict each other.

A sensor that is carried round a joint feels gravity and the force of that motion. Where the turns that its
gyroscope shows leave much of the force unexplained, tempo and angles may be wrong, whatever the cause: a
gyroscope that is late, smooths, or takes slow turns for its zero, or a leg that does not move as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.set_findings import Span
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Partial, Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.gyroscope_in_pieces import TurnedForce

#: Share of a repetition's changes of force that turns leave unexplained, from which they contradict (ours:
#: 0.003 in usual ones; more than this in 3 of 500 lying sets of three simulators and of real people).
CONTRADICTS_SHARE = 0.12

#: Smallest unexplained force, RMS, by posture: a pelvis that hardly turns is moved to and fro by as much
#: (ours); the hip of a body that swings at the bar by 15 degrees is accelerated by g sin(15) = 2.5 m/s².
LEFT_MPS2 = {"supine": 0.6, "hanging": 2.5}

#: Shortest time between two swings in which another may be hidden (ours).
GAP_S = 1.0


def unexplained_force(
    turned: Mapping[SensorPlace, TurnedForce],
    whole: SetEstimate,
    reps: Sequence[Rep],
    partials: Sequence[Partial],
    header: Header,
    known: Sequence[Finding],
) -> Iterator[Finding]:
    """Report repetitions, and movements among them, whose force the turns of a sensor leave unexplained.

    Movements among them, or next to them, may be repetitions that the defect hid; without any, the whole
    recording is judged. Not where a gyroscope's defect is already known.

    Parameters
    ----------
    turned : mapping
        How the turns of each sensor explain its force.
    whole : SetEstimate
    reps : sequence of Rep
    partials : sequence of Partial
        Its repetitions, and swings that are not counted.
    header : Header
    known : sequence of Finding
        Findings on the sensors.
    """
    for place, force in turned.items():
        defect = any(finding.sensor == place and finding.code.startswith("gyro_") for finding in known)
        if defect or not len(force.time_s):
            continue
        least_mps2 = LEFT_MPS2[header.posture]
        swings = _swings(reps, partials)
        parts = [*swings, *_between(swings, whole)] or [(float(force.time_s[0]), float(force.time_s[-1]))]
        spans = sorted(part for part in parts if _contradicts(force, least_mps2, *part))
        if spans:
            yield Finding(
                "gyro_contradicts",
                reps=tuple(rep.number for rep in reps if (rep.start_s, rep.end_s) in spans),
                values={"spans": tuple(spans)},
                severity="caution",
                sensor=place,
            )


def _swings(reps: Sequence[Rep], partials: Sequence[Partial]) -> list[Span]:
    """Return the times of the repetitions, and of swings that lead to one without a rest between."""
    counted = {(rep.start_s, rep.end_s) for rep in reps}
    every = sorted(counted | {(partial.start_s, partial.end_s) for partial in partials})
    apart = [0, *(k for k in range(1, len(every)) if every[k][0] - every[k - 1][1] > GAP_S), len(every)]
    series = [every[first:end] for first, end in pairwise(apart)]
    return [swing for some in series if counted.intersection(some) for swing in some]


def _between(swings: Sequence[Span], whole: SetEstimate) -> list[Span]:
    """Return the times between two swings in which the person stayed in the posture."""
    time_s = whole.track.time_s
    spells = [(time_s[spell.start], time_s[spell.stop - 1]) for spell in whole.posture.spells]
    gaps = [(before[1], after[0]) for before, after in pairwise(swings) if after[0] - before[1] > GAP_S]
    return [gap for gap in gaps if any(start <= gap[0] and gap[1] <= end for start, end in spells)]


def _contradicts(force: TurnedForce, left_mps2: float, start_s: float, end_s: float) -> bool:
    """Whether the turns leave much of the force unexplained between two times."""
    first, end = np.searchsorted(force.time_s, [start_s, end_s])
    left, changes = force.left[first:end], force.changes[first:end]
    return bool(left.sum() > max(CONTRADICTS_SHARE * changes.sum(), left_mps2**2 * len(left)))
