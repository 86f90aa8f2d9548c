"""Repetitions in which a sensor's gyroscope and accelerometer contradict each other.

A sensor that is carried round a joint feels gravity and the force of that motion. Where the turns that its
gyroscope shows leave much of the force unexplained, tempo and angles may be wrong, whatever the cause: a
gyroscope that is late, smooths, or takes slow turns for its zero, or a leg that does not move as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.gyroscope_in_pieces import TurnedForce

#: Share of a repetition's changes of force that turns leave unexplained, from which they contradict (ours:
#: 0.003 in usual ones; more than this in 3 of 500 lying sets of three simulators and of real people).
CONTRADICTS_SHARE = 0.12

#: Smallest unexplained force, RMS, by posture: a pelvis that hardly turns is moved to and fro by as much
#: (ours); the hip of a body that swings at the bar by 15 degrees is accelerated by g sin(15) = 2.5 m/s².
LEFT_MPS2 = {"supine": 0.6, "hanging": 2.5}


def unexplained_force(
    turned: Mapping[SensorPlace, TurnedForce],
    reps: Sequence[Rep],
    header: Header,
    known: Sequence[Finding],
) -> Iterator[Finding]:
    """Report repetitions whose force the turns of a sensor leave unexplained.

    Not where a gyroscope's defect is already known. Without repetitions, which the defect may have hidden,
    the whole recording is judged.

    Parameters
    ----------
    turned : mapping
        How the turns of each sensor explain its force.
    reps : sequence of Rep
    header : Header
    known : sequence of Finding
        Findings on the sensors.
    """
    for place, force in turned.items():
        defect = any(finding.sensor == place and finding.code.startswith("gyro_") for finding in known)
        if defect or not len(force.time_s):
            continue
        least_mps2 = LEFT_MPS2[header.posture]
        touched = [rep for rep in reps if _contradicts(force, least_mps2, rep.start_s, rep.end_s)]
        spans = [(rep.start_s, rep.end_s) for rep in touched]
        start_s, end_s = float(force.time_s[0]), float(force.time_s[-1])
        if not reps and _contradicts(force, least_mps2, start_s, end_s):
            spans = [(start_s, end_s)]
        if spans:
            yield Finding(
                "gyro_contradicts",
                reps=tuple(rep.number for rep in touched),
                values={"spans": tuple(spans)},
                severity="caution",
                sensor=place,
            )


def _contradicts(force: TurnedForce, left_mps2: float, start_s: float, end_s: float) -> bool:
    """Whether the turns leave much of the force unexplained between two times."""
    first, end = np.searchsorted(force.time_s, [start_s, end_s])
    left, changes = force.left[first:end], force.changes[first:end]
    return bool(left.sum() > max(CONTRADICTS_SHARE * changes.sum(), left_mps2**2 * len(left)))
