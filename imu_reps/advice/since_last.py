"""A session against the one before it, exercise by exercise and side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from imu_reps.advice.changes import MEASURES, MIN_VISITS, SCATTERS, Measure, course
from imu_reps.advice.next_session import session_of
from imu_reps.domain.done_set import SinceLast, Step
from imu_reps.domain.progress import Quantity
from imu_reps.domain.stored_set import StoredSet


def since_last(sets: Sequence[StoredSet]) -> tuple[SinceLast, ...]:
    """Compare the last session with what was done of the same exercise and side before it.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one person, oldest first. What was not done before is left out.
    """
    if not sets:
        return ()
    last = session_of(sets[-1])
    now = [stored for stored in sets if session_of(stored) == last]
    kinds = dict.fromkeys(_kind(stored) for stored in now)
    found = (_since(kind, sets, [one for one in now if _kind(one) == kind]) for kind in kinds)
    return tuple(one for one in found if one is not None)


def _kind(stored: StoredSet) -> tuple[object, object]:
    recording = stored.summary.recording
    return recording.exercise, recording.side


def _since(
    kind: tuple[object, object], sets: Sequence[StoredSet], now: Sequence[StoredSet]
) -> SinceLast | None:
    earlier = [stored for stored in sets if stored not in now and _kind(stored) == kind]
    visits = [list(of_one) for _, of_one in groupby(earlier, key=session_of)]
    if not visits:
        return None
    steps = (_step(what, measure, visits, now) for what, measure in MEASURES.items())
    recording = now[0].summary.recording
    told = tuple(step for step in steps if step is not None)
    return SinceLast(recording.exercise, recording.side, visits[-1][0].day, told)


def _step(
    what: Quantity,
    measure: Measure,
    visits: Sequence[Sequence[StoredSet]],
    now: Sequence[StoredSet],
) -> Step | None:
    means = [mean for visit in (*visits, now) if (mean := _mean(measure, visit)) is not None]
    before, after = _mean(measure, visits[-1]), _mean(measure, now)
    if before is None or after is None:
        return None
    known = course(np.array(means[:-1]), measure.minimum) if len(means) > MIN_VISITS else None
    scatter = 0.0 if known is None or known.scatter is None else known.scatter
    certain = abs(after - before) > max(measure.minimum, SCATTERS * scatter)
    return Step(what, before, after, measure.unit, certain)


def _mean(measure: Measure, visit: Sequence[StoredSet]) -> float | None:
    values = [value for stored in visit if (value := measure.read(stored.summary)) is not None]
    return float(np.mean(values)) if values else None
