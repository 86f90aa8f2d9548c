"""Times in another unit than seconds, by what the sensor's own clock, or the header's rate, makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import MAX_CLOCK_S, SampleBlock

#: A second in each unit: what programs write times in.
UNITS = {"ms": 1e3, "µs": 1e6, "ns": 1e9, "minutes": 1 / 60, "hours": 1 / 3600, "days": 1 / 86400}
#: Rates that such sensors have; what lies beyond is another unit, and far beyond there is no doubt of it.
RATES_HZ = (8.0, 3000.0)
SENSELESS_HZ = (1.0, 30_000.0)
#: Rates that they usually have.
USUAL_HZ = (20.0, 1000.0)
#: A rate this many times another one is no loss: it is another unit.
FAR_OFF = 20.0
#: Two clocks that tell the same time agree to this; a header's rate and the true one to the second.
AGREE, AGREE_HEADER = 0.02, 0.3
FEWEST = 20
#: A step that is so large a share of the whole is a silence or a clock that was set, and no part of the rate.
LONGEST_SHARE = 0.3


def in_seconds(recording: Recording) -> tuple[Recording, list[Finding]]:
    """Find the columns that are not in seconds; a sensor's clock in another unit is taken in seconds.

    `time_s` in another unit is refused: silences, notes and tempo hang on it.
    """
    found: list[Finding] = []
    for block in recording.blocks:
        if len(block) < FEWEST:
            continue
        values = _unit_of(block, recording.header.sensor(block.sensor).rate_hz)
        if values is not None:
            return recording, [Finding("time_unit", values=values, severity="refuse", sensor=block.sensor)]
        unit = _unit_of_clock(block)
        if unit is not None:
            clock = block.device_time_s / UNITS[unit]
            recording = recording.with_samples(replace(block, device_time_s=clock))
            values = {"unit": unit, "factor": UNITS[unit]}
            found.append(Finding("clock_unit", values=values, severity="caution", sensor=block.sensor))
    return recording, found


def _rate(times: np.ndarray) -> float | None:
    """Samples a unit of time, silences and jumps of a clock left out."""
    step = np.diff(times[np.abs(times) <= MAX_CLOCK_S])
    step = step[np.abs(step) <= LONGEST_SHARE * np.abs(step).sum()]
    span = float(step.sum())
    return len(step) / span if span > 0.0 else None


def _unit_of(block: SampleBlock, header_hz: float | None) -> dict[str, str | float | None] | None:
    """The unit of `time_s` and how many a second has, as far as known, if it is another than seconds."""
    by_host, by_clock = _rate(block.time_s), _rate(block.device_time_s)
    if by_host is None:
        return None
    others = [
        rate for rate in (by_clock, header_hz) if rate is not None and USUAL_HZ[0] <= rate <= USUAL_HZ[1]
    ]
    far_off = others and all(not 1.0 / FAR_OFF < by_host / rate < FAR_OFF for rate in others)
    if RATES_HZ[0] <= by_host <= RATES_HZ[1] and not far_off:
        return None
    for unit, factor in UNITS.items():
        if any(abs(by_host * factor / other - 1.0) < AGREE_HEADER for other in others):
            return {"unit": unit, "factor": factor}
    if others and far_off:
        return {"unit": None, "factor": others[0] / by_host}
    usual = [unit for unit, factor in UNITS.items() if USUAL_HZ[0] <= by_host * factor <= USUAL_HZ[1]]
    if len(usual) == 1 and not others:
        return {"unit": usual[0], "factor": UNITS[usual[0]]}
    senseless = not SENSELESS_HZ[0] <= by_host <= SENSELESS_HZ[1]
    return {"unit": None, "factor": None} if senseless else None


def _unit_of_clock(block: SampleBlock) -> str | None:
    """The unit of `device_time_s`, if it is another than seconds and `time_s` is in them."""
    by_host, by_clock = _rate(block.time_s), _rate(block.device_time_s)
    if by_host is None or by_clock is None or RATES_HZ[0] <= by_clock <= RATES_HZ[1]:
        return None
    near: Iterator[str] = (
        unit for unit, factor in UNITS.items() if abs(by_clock * factor / by_host - 1.0) < AGREE
    )
    return next(near, None)
