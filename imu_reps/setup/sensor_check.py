"""Diagnose a sensor: let it stream for some seconds, collect facts, and give checks with hints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import (
    LONGEST_HOLE_S,
    SENSOR_PLACES,
    STANDARD_GRAVITY_MPS2,
    SampleBlock,
    SensorPlace,
    concatenate,
)
from imu_reps.errors import ImuRepsError, RadioError, RecordingError
from imu_reps.kinematics.clock.offline import SensorClock, fit_clock
from imu_reps.kinematics.rest import MAX_BIAS_DPS
from imu_reps.quality.accelerometer import MISCALIBRATED, WRONG_SCALE
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.stream_items import LOW_BATTERY_PERCENT, SensorRequest, SensorStatus, loop_time_s
from imu_reps.sensors.streams import Streams
from imu_reps.setup.candidates import all_found, nearby, two_usable_found, usable
from imu_reps.setup.computer_check import Check, Level
from imu_reps.setup.pairing import next_items, sensor_request
from imu_reps.setup.placement_check import is_still
from imu_reps.sources import sensor_requests
from imu_reps.storage.profile import Person

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Found, Radio


@dataclass(frozen=True, slots=True)
class SensorLimits:
    """What is good, usable and bad of a sensor."""

    #: Near the limit of what a small sensor's radio reaches through a body.
    weak_dbm: int = -80
    flat_percent: float = 5.0
    #: Oscillators of cheap sensors are up to 0.7 % off; much more is another rate than requested.
    rate_tolerance: float = 0.02
    other_rate: float = 0.1
    #: Minimum rate, and minimum rate that shows jolts.
    min_rate_hz: float = 20.0
    good_rate_hz: float = 50.0
    #: Limits of lost samples and of gaps: repetitions with more are not judged.
    few_lost: float = 0.005
    many_lost: float = 0.1
    break_s: float = 1.0
    #: Delays at which cues are too late, and at which samples miss their repetition.
    cue_s: float = 0.2
    late_s: float = 2.0
    #: Usual bias without calibration; up to `MAX_BIAS_DPS` it is removed at every rest.
    usual_bias_dps: float = 3.0
    #: Good and usable uncertainty of sample times.
    good_clock_ms: float = 10.0
    usable_clock_ms: float = 30.0
    #: Timeout for a sensor just found to connect and stream.
    patience_s: float = 20.0
    #: Minimum amount of samples.
    min_seconds: float = 1.0


LIMITS = SensorLimits()


@dataclass(frozen=True, slots=True)
class RestReading:
    """Readings at rest: the largest bias of an axis, and the magnitude of specific force."""

    bias_dps: float
    force_mps2: float


@dataclass(frozen=True, slots=True)
class SensorFacts:
    """Facts about one sensor.

    Attributes
    ----------
    error : ImuRepsError or None
        Why it did not stream; then all else is None.
    clock : SensorClock or None
        None if too little arrived to fit one.
    delay_s : float or None
        95th percentile of the delay of samples.
    rest : RestReading or None
        None if it did not lie still.
    """

    asked_hz: float
    error: ImuRepsError | None = None
    status: SensorStatus | None = None
    clock: SensorClock | None = None
    delay_s: float | None = None
    rest: RestReading | None = None


def check_sensor(place: SensorPlace, facts: SensorFacts) -> list[Check]:
    """Judge one sensor."""
    checks = [check for look in _CHECKS for check in look(facts)]
    return [replace(check, sensor=place) for check in checks]


def _link(facts: SensorFacts) -> Iterator[Check]:
    if facts.error:
        yield Check("link", "bad", facts.error.message, facts.error.hint)
    elif facts.status is None or facts.clock is None:
        yield Check(
            "link", "bad", "It sent next to nothing.", "Switch it off and on, bring it near, try again."
        )


def _signal(facts: SensorFacts) -> Iterator[Check]:
    dbm = facts.status.rssi_dbm if facts.status else None
    if dbm is not None:
        hint = "Bring computer and sensor nearer; nothing but air, and no body, between them."
        yield _check("signal", "watch" if dbm < LIMITS.weak_dbm else "ok", f"Signal {dbm} dBm.", hint)


def _battery(facts: SensorFacts) -> Iterator[Check]:
    if facts.status is None:
        return
    percent = facts.status.battery_percent
    if percent is None:
        yield Check("battery", "ok", "The sensor does not say how full its battery is.")
    else:
        level = _level(-percent, -LOW_BATTERY_PERCENT, -LIMITS.flat_percent)
        yield _check("battery", level, f"Battery {percent:.0f} %.", "Charge it.")


def _rate(facts: SensorFacts) -> Iterator[Check]:
    if facts.clock is None:
        return
    rate, asked = facts.clock.rate_hz, facts.asked_hz
    level = _level(abs(rate / asked - 1.0), LIMITS.rate_tolerance, LIMITS.other_rate)
    hint = f"Switch it off and on; if it goes on, set {asked:.0f} Hz with its maker's app."
    if rate < LIMITS.min_rate_hz:
        level = "bad"
    elif rate < LIMITS.good_rate_hz and level == "ok":
        level, hint = "watch", "Jolts cannot be seen under 50 Hz: pair it anew with a higher --rate."
    yield _check("rate", level, f"{rate:.1f} samples a second of {asked:.0f} asked for.", hint)


def _loss(facts: SensorFacts) -> Iterator[Check]:
    if facts.clock is None or facts.status is None:
        return
    clock, samples = facts.clock, facts.status.samples
    share = 0.0 if clock.lost is None else clock.lost / max(clock.lost + samples, 1)
    levels: tuple[Level, Level] = (
        _level(share, LIMITS.few_lost, LIMITS.many_lost),
        _level(clock.longest_gap_s, LONGEST_HOLE_S, LIMITS.break_s),
    )
    lost = "Lost samples cannot be counted" if clock.lost is None else f"{100 * share:.1f} % lost"
    gap = f"longest gap {clock.longest_gap_s:.2f} s" if clock.longest_gap_s else "no gap"
    hint = "Bring the computer nearer; keep Wi-Fi of 2.4 GHz, USB 3 disks and other Bluetooth devices away."
    yield _check("loss", max(levels, key=("ok", "watch", "bad").index), f"{lost}, {gap}.", hint)


def _delay(facts: SensorFacts) -> Iterator[Check]:
    if facts.delay_s is not None:
        level = _level(facts.delay_s, LIMITS.cue_s, LIMITS.late_s)
        hint = "Counting will lag behind; reports are right. Bring the computer nearer, close other programs."
        yield _check("delay", level, f"Samples arrive within {1e3 * facts.delay_s:.0f} ms.", hint)


def _damage(facts: SensorFacts) -> Iterator[Check]:
    status = facts.status
    if status is None:
        return
    if status.restarts:
        hint = "Charge it; if it goes on, its battery or a contact is failing."
        yield Check("restarts", "bad", f"It restarted {_times(status.restarts)}.", hint)
    if status.damaged:
        hint = "Update the sensor's firmware with its maker's app."
        yield Check("damage", "watch", f"It sent something unreadable {_times(status.damaged)}.", hint)
    if status.dropped:
        hint = "Close other programs that keep this computer busy."
        yield Check("overload", "bad", f"This computer fell behind {_times(status.dropped)}.", hint)


def _still(facts: SensorFacts) -> Iterator[Check]:
    if facts.clock is None:
        return
    if facts.rest is None:
        hint = "Lay both sensors on a table, leave them alone, and run `imu-reps doctor` again."
        yield Check("rest", "watch", "It did not lie still: bias and gravity were not measured.", hint)
        return
    bias, force = facts.rest.bias_dps, facts.rest.force_mps2
    hint = "Calibrate the gyroscope with its maker's app, the sensor lying still."
    found = f"At rest the gyroscope reads {bias:.1f} deg/s."
    yield _check("gyroscope", _level(bias, LIMITS.usual_bias_dps, MAX_BIAS_DPS), found, hint)
    level = _level(abs(force / STANDARD_GRAVITY_MPS2 - 1.0), MISCALIBRATED, WRONG_SCALE)
    hint = "Calibrate the accelerometer with its maker's app, the sensor lying level and still."
    found = f"At rest the accelerometer reads {force:.2f} m/s² of {STANDARD_GRAVITY_MPS2:.2f}."
    yield _check("accelerometer", level, found, hint)


def _clock(facts: SensorFacts) -> Iterator[Check]:
    if facts.clock is None:
        return
    uncertainty, runs = facts.clock.uncertainty_ms, facts.clock.drift_text
    hint = "Look for longer (--seconds 60); bring the computer nearer."
    if uncertainty is None:
        yield Check("clock", "watch", f"Too little arrived to tell sample times, {runs}.", hint)
    else:
        level = _level(uncertainty, LIMITS.good_clock_ms, LIMITS.usable_clock_ms)
        yield _check("clock", level, f"Sample times are known within {uncertainty:.1f} ms, {runs}.", hint)


_CHECKS: tuple[Callable[[SensorFacts], Iterator[Check]], ...] = (
    _link,
    _battery,
    _signal,
    _rate,
    _loss,
    _delay,
    _damage,
    _still,
    _clock,
)


def _check(code: str, level: Level, message: str, hint: str) -> Check:
    """Return a check, with its hint only if not all is well."""
    return Check(code, level, message, None if level == "ok" else hint)


def _level(value: float, watch: float, bad: float) -> Level:
    return "bad" if value > bad else "watch" if value > watch else "ok"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


async def scan_for(radio: Radio, person: Person | None, *, min_s: float, max_s: float) -> list[Found]:
    """Scan for the person's sensors, or any two usable ones, and other devices.

    Raises
    ------
    RadioError
        If Bluetooth cannot be used.
    """
    began_s = loop_time_s()
    ids = [] if person is None else [person.sensor(place).host_id for place in SENSOR_PLACES]
    all_near = all_found(ids) if ids else two_usable_found()
    return await radio.scan(max_s, lambda found: all_near(found) and loop_time_s() - began_s >= min_s)


def sensors_to_examine(
    person: Person | None, found: Sequence[Found]
) -> tuple[dict[SensorPlace, SensorRequest], dict[SensorPlace, SensorFacts]]:
    """Return the sensors to connect, and facts on those paired but not found.

    Without a person the strongest two usable ones, at arbitrary places.

    Raises
    ------
    UsageError
        If the profile names a family that is not known.
    """
    if person is None:
        near = zip(SENSOR_PLACES, usable(nearby(found)), strict=False)
        return {place: sensor_request(device) for place, device in near}, {}
    ids = {found.host_id for found in found}
    worn = sensor_requests(person)
    missing = {
        place: SensorFacts(
            request.rate_hz, error=radio_error("not_found", f"The {place} sensor ({request.host_id})")
        )
        for place, request in worn.items()
        if request.host_id not in ids
    }
    return {place: request for place, request in worn.items() if place not in missing}, missing


async def examine(
    radio: Radio, sensors: Mapping[SensorPlace, SensorRequest], seconds: float
) -> dict[SensorPlace, SensorFacts]:
    """Let all sensors stream together, or each alone if that fails, to find the faulty one."""
    try:
        return await _together(radio, sensors, seconds)
    except RadioError as error:
        if len(sensors) == 1:
            return {place: SensorFacts(request.rate_hz, error=error) for place, request in sensors.items()}
    facts: dict[SensorPlace, SensorFacts] = {}
    for place, request in sensors.items():
        facts |= await examine(radio, {place: request}, seconds)
    return facts


async def _together(
    radio: Radio, sensors: Mapping[SensorPlace, SensorRequest], seconds: float
) -> dict[SensorPlace, SensorFacts]:
    streams = Streams(radio, sensors, patience_s=LIMITS.patience_s)
    blocks: dict[SensorPlace, list[SampleBlock]] = {place: [] for place in sensors}
    try:
        await streams.open()
        until_s = loop_time_s() + seconds
        while (items := await next_items(streams, until_s)) is not None:
            for item in items:
                if isinstance(item, SampleBlock):
                    blocks[item.sensor].append(item)
        status = streams.status()
    finally:
        await streams.close()
    return {place: sensor_facts(request, status[place], blocks[place]) for place, request in sensors.items()}


def sensor_facts(request: SensorRequest, status: SensorStatus, blocks: list[SampleBlock]) -> SensorFacts:
    """Collect the facts from the blocks of one sensor."""
    block = concatenate(blocks) if blocks else None
    if block is None or len(block) < LIMITS.min_seconds * request.rate_hz:
        return SensorFacts(request.rate_hz, status=status)
    header = SensorHeader(sensor=request.family.name, rate_hz=request.rate_hz, counter=request.family.counter)
    try:
        timed = fit_clock(block, header)
    except RecordingError:
        return SensorFacts(request.rate_hz, status=status)
    rest = None
    if is_still(block, timed.clock.rate_hz):
        force, rate = np.median(block.acc_mps2, axis=0), np.median(block.gyr_dps, axis=0)
        rest = RestReading(float(np.abs(rate).max()), float(np.linalg.norm(force)))
    delay_s = float(np.percentile(block.time_s[timed.order] - timed.time_s, 95.0))
    return SensorFacts(request.rate_hz, status=status, clock=timed.clock, delay_s=delay_s, rest=rest)
