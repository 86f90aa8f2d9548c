"""Synchronisation of the two sensors, by arrivals or by a noted tap, with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.sync.sensor_offset import SensorOffset, offset_from_arrivals, offset_from_tap
from imu_reps.kinematics.sync.taps import MAX_OFFSET_S, TapNotFound, TapOffset, TapWindow, find_taps

#: Largest uncertainty at which leg and pelvis can be compared: a leg at 60 deg/s moves by a degree in 17 ms.
APART_S = 0.020

#: A tap is searched for from this long before its note until this long after it.
BEFORE_NOTE_S, AFTER_NOTE_S = 10.0, 5.0
#: Offsets are searched for up to this many times the uncertainty of the arrivals, and up to this at least.
LEEWAY = 2.0
MIN_LEEWAY_S = 0.06


@dataclass(frozen=True, slots=True)
class CrossTime:
    """Synchronised clocks of the sensors.

    Attributes
    ----------
    clocks : mapping
        Fitted clocks, corrected for the offset between the sensors.
    offset : SensorOffset or None
        The offset and its uncertainty; None with one sensor alone.
    findings : tuple of Finding
        Whether a noted tap was used.
    """

    clocks: Mapping[SensorPlace, TimedSamples]
    offset: SensorOffset | None = None
    findings: tuple[Finding, ...] = ()


def agree_on_time(recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]) -> CrossTime:
    """Synchronise the sample times of both sensors.

    Parameters
    ----------
    recording : Recording
    clocks : mapping
        Fitted clock of each sensor that has samples.
    """
    pelvis, ankle = recording.pelvis, recording.ankle
    if pelvis is None or ankle is None or len(clocks) < 2:
        return CrossTime(clocks)
    blocks: dict[SensorPlace, SampleBlock] = {"pelvis": pelvis, "ankle": ankle}
    corrected, arrivals = offset_from_arrivals(clocks, blocks)
    noted = [note.time_s for note in recording.notes if (note.key, note.value) == ("tap", "both")]
    missed: TapNotFound | None = None
    for time_s in noted:
        max_s = min(max(LEEWAY * arrivals.uncertainty_s, MIN_LEEWAY_S), MAX_OFFSET_S)
        of_pelvis = _around(time_s, corrected["pelvis"], pelvis)
        tap = find_taps(of_pelvis, _around(time_s, corrected["ankle"], ankle), max_s)
        if isinstance(tap, TapOffset):
            moved, offset = offset_from_tap(corrected, tap, arrivals)
            return CrossTime(moved, offset, (_tap_used(tap, offset),))
        missed = missed or tap
    findings = () if missed is None else (_tap_unclear(noted[0], missed),)
    return CrossTime(corrected, arrivals, findings)


def _around(time_s: float, timed: TimedSamples, block: SampleBlock) -> TapWindow:
    near = slice(*np.searchsorted(timed.time_s, [time_s - BEFORE_NOTE_S, time_s + AFTER_NOTE_S]))
    return TapWindow(timed.time_s[near], block.acc_mps2[timed.order[near]])


def _tap_used(tap: TapOffset, offset: SensorOffset) -> Finding:
    values = {"taps": tap.taps, "uncertainty_s": offset.uncertainty_s}
    return Finding("tap_used", values=values, start_s=tap.time_s)


def _tap_unclear(time_s: float, missed: TapNotFound) -> Finding:
    return Finding("tap_unclear", values={"reason": missed.reason}, start_s=time_s)


def doubt_about_time(offset: SensorOffset | None) -> tuple[Finding, ...]:
    """Return a caution if the two sensors' times may be far apart."""
    if offset is None or offset.uncertainty_s <= APART_S:
        return ()
    values = {"uncertainty_s": offset.uncertainty_s, "hidden": bool(offset.hidden_s)}
    return (Finding("sensor_offset", values=values, severity="caution"),)
