"""The setup test: can the back be pressed flat, by how many degrees, and for how long."""

from __future__ import annotations

import numpy as np

from imu_reps.analysis.filters import held_high, low_passed
from imu_reps.analysis.set.pelvis import ZERO_S, mean_up
from imu_reps.analysis.set.spells import Rest, find_posture, in_spells, rests_in
from imu_reps.domain.end_range import Press
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.errors import RecordingError
from imu_reps.kinematics.motion import bridged
from imu_reps.kinematics.mounting import pelvis_axes_at, tilt_and_rotation
from imu_reps.kinematics.recorded import estimate_motion
from imu_reps.kinematics.rest import stretches
from imu_reps.quality import usable

#: Less than this is within what sensor (1°) and skin (2°) are wrong by.
MIN_PRESS_DEG = 3.0

#: The press is held while at least this share of it is there.
HELD_SHARE = 0.5


def press_back(recording: Recording, settings: Settings | None = None) -> Press:
    """How far and how long the pelvis was tipped back, from a rest before it.

    Parameters
    ----------
    recording : Recording
        Lying with bent knees: still for a moment, then the back pressed flat and held.
    settings : Settings, optional

    Raises
    ------
    RecordingError
        ``no_pelvis``: there is no pelvis sensor; ``no_zero``: nobody lay still before; and as `analyze`.
    """
    settings = settings or Settings()
    checked = usable(recording)
    if recording.pelvis is None:
        raise RecordingError(
            "The setup test needs the pelvis sensor, and this recording has none.",
            hint="Wear it on the front of the belt and record the test again.",
            code="no_pelvis",
        )
    motion = estimate_motion(checked.recording, checked.left(checked.clocks))
    posture = find_posture(motion, recording.header)
    long_enough = [rest for rest in rests_in(posture.ready) if rest.duration_s >= ZERO_S]
    if not long_enough or posture.cranial is None or motion.pelvis is None:
        raise _no_zero()
    rest, up = long_enough[0], motion.pelvis.up
    start = mean_up(up, rest)
    if start is None:
        raise _no_zero()
    axes = pelvis_axes_at(start, posture.cranial, recording.header)
    tilt, _ = tilt_and_rotation(axes, up, recording.header.posture)
    return _press(
        -low_passed(bridged(tilt)), in_spells(posture.spells, len(motion)), rest, motion.time_s, settings
    )


def _press(
    back_deg: FloatArray, in_posture: np.ndarray, rest: Rest, time_s: FloatArray, settings: Settings
) -> Press:
    """From the posterior tilt over the recording."""
    zero_s = float(time_s[rest.seen])
    after = np.where(in_posture, back_deg, 0.0)[rest.seen :]
    firm = held_high(after, settings.angle_hold_s)
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
