"""A finished set from motion to repetitions: window, alignment, angles, segmentation, phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.alignment import LegAlignment, Rest, align_leg, rests_in
from imu_reps.analysis.pelvis import Turn, estimate_turn, mean_up, zero_rest
from imu_reps.analysis.posture import Posture, find_posture, pelvis_axes_at
from imu_reps.analysis.ready import Window, ready_windows
from imu_reps.analysis.segmentation import Segmentation, shifted
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import Zero
from imu_reps.domain.track import AngleTrack
from imu_reps.kinematics.motion import GridMotion, Motion
from imu_reps.kinematics.mounting import PelvisAxes, leg_elevation, tilt_and_rotation, turned


@dataclass(frozen=True, slots=True)
class WholeSet:
    """A finished set's angles and repetitions.

    Attributes
    ----------
    track : AngleTrack
        Over the whole recording.
    window : Window or None
        Where the set was; None: never ready.
    segmentation : Segmentation
        In travel, ticks of the track.
    leg : LegAlignment or None
    zero : Zero
        Of pelvic tilt.
    turn : Turn or None
        Of the pelvis sensor; None where it is not estimated.
    posture_checked : bool
    """

    track: AngleTrack
    window: Window | None
    segmentation: Segmentation
    leg: LegAlignment | None
    zero: Zero
    turn: Turn | None
    posture_checked: bool


def find_set(motion: Motion, header: Header, settings: Settings) -> WholeSet:
    """Find the set in a recording's motion.

    The set is in the first spell in posture that holds a repetition.
    """
    posture = find_posture(motion, header)
    windows = ready_windows(posture.in_posture, posture.ready, posture.not_before)
    rests = rests_in(posture.ready)
    window, leg = _first_with_reps(motion, posture, windows, rests, header, settings)
    segmentation = Segmentation((), (), settings.min_range_deg)
    if leg is not None and window is not None:
        segmentation = shifted(leg.segmentation, window.start)
    inside = [] if window is None else _rests_within(rests, window)
    floor = _floor_rests(leg, window, inside, motion)
    zero_at = zero_rest(floor)
    axes, zero = _pelvis_zero(motion, posture, zero_at, floor, inside, header)
    turn = None
    if axes is not None and motion.pelvis is not None and _turn_shows(header):
        spans = [slice(rep.near.tick, rep.back.tick + 1) for rep in segmentation.reps]
        turn = estimate_turn(axes, motion.pelvis.up, spans)
        axes = turned(axes, turn.turn_deg)
    track = build_track(motion, header, leg, axes, tilt_known=zero_at is not None)
    return WholeSet(track, window, segmentation, leg, zero, turn, posture.checked)


def _turn_shows(header: Header) -> bool:
    return header.posture == "supine" and header.pelvis.alignment == "mounted"


def _first_with_reps(
    motion: Motion,
    posture: Posture,
    windows: Sequence[Window],
    rests: Sequence[Rest],
    header: Header,
    settings: Settings,
) -> tuple[Window | None, LegAlignment | None]:
    first: tuple[Window | None, LegAlignment | None] = (windows[0] if windows else None, None)
    if motion.ankle is None:
        return first
    for window in windows:
        inside = tuple(
            _moved(rest, -window.start) for rest in rests if window.start <= rest.start < window.end
        )
        leg = _align(motion.ankle, motion.pelvis, posture, window, inside, header, settings)
        if leg is not None and leg.segmentation.reps:
            return window, leg
        if leg is not None and first[1] is None:
            first = window, leg
    return first


def _align(
    ankle: GridMotion,
    pelvis: GridMotion | None,
    posture: Posture,
    window: Window,
    rests: Sequence[Rest],
    header: Header,
    settings: Settings,
) -> LegAlignment | None:
    piece = slice(window.start, window.end)
    cut = ankle[piece]
    if np.isfinite(cut.up[:, 0]).sum() < 2:
        return None
    tilt = None
    if pelvis is not None and posture.cranial is not None:
        here = pelvis.up[piece]
        start = mean_up(here, rests[0]) if rests else None
        if start is not None:
            axes = pelvis_axes_at(start, posture.cranial, header)
            tilt = tilt_and_rotation(axes, here, header.posture)[0]
    return align_leg(cut, rests, header, settings, tilt)


def _floor_rests(
    leg: LegAlignment | None, window: Window | None, inside: list[Rest], motion: Motion
) -> list[Rest]:
    if window is None or (leg is None and motion.ankle is not None):
        return []
    return inside if leg is None else [_moved(rest, window.start) for rest in leg.floor_rests]


def _pelvis_zero(
    motion: Motion,
    posture: Posture,
    zero_at: Rest | None,
    floor: Sequence[Rest],
    inside: Sequence[Rest],
    header: Header,
) -> tuple[PelvisAxes | None, Zero]:
    """The pelvis's axes and where its zero was taken, or why there is none."""
    if motion.pelvis is None:
        return None, Zero(None, "no pelvis sensor")
    if posture.cranial is None:
        return None, Zero(None, "no pelvic rocks were found, so the pelvis sensor's axes are unknown")
    at = zero_at or (floor[-1] if floor else (inside[-1] if inside else None))
    up = None if at is None else mean_up(motion.pelvis.up, at)
    if at is None or up is None:
        return None, Zero(None, "no still stretch in posture")
    axes = pelvis_axes_at(up, posture.cranial, header)
    if zero_at is None:
        where = "before the leg left the floor" if header.posture == "supine" else "before the first lift"
        return axes, Zero(None, f"no still second {where}")
    time_s = float(motion.time_s[min(zero_at.end, len(motion)) - 1])
    what = "hanging still" if header.posture == "hanging" else "lying still with the leg on the floor"
    first = "the legs went up" if header.exercise in HOLDS else "the first repetition"
    return axes, Zero(time_s, f"{what}, before {first}")


def build_track(
    motion: Motion, header: Header, leg: LegAlignment | None, axes: PelvisAxes | None, *, tilt_known: bool
) -> AngleTrack:
    """Angles over the whole motion; rotation with the sign of the side, NaN where not measured."""
    nothing = np.full(len(motion), np.nan)
    rows = np.full((len(motion), 3), np.nan)
    tilt = rotation = nothing
    if motion.pelvis is not None and axes is not None:
        tilt, rotation = tilt_and_rotation(axes, motion.pelvis.up, header.posture)
        rotation = -rotation if header.side == "right" else rotation
    ankle, pelvis = motion.ankle, motion.pelvis
    return AngleTrack(
        motion.time_s,
        nothing if ankle is None or leg is None else leg_elevation(leg.axes, ankle.up),
        tilt if tilt_known else nothing,
        rotation,
        rows if pelvis is None else pelvis.gyr_dps,
        nothing if ankle is None else ankle.impact_mps2,
        np.zeros(len(motion), bool) if pelvis is None else pelvis.still,
    )


def _rests_within(rests: Sequence[Rest], window: Window) -> list[Rest]:
    return [rest for rest in rests if window.start <= rest.start < window.end]


def _moved(rest: Rest, ticks: int) -> Rest:
    return Rest(rest.start + ticks, rest.end + ticks)
