"""Letting sensors stream for some seconds and taking down how they did."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace, concatenate
from imu_reps.errors import RadioError, RecordingError
from imu_reps.kinematics.clock.offline import TimedSamples, fit_clock
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.streams import SensorStatus, Streams, Wanted
from imu_reps.setup.candidates import all_heard, fit, nearby, two_heard
from imu_reps.setup.pairing import next_items, wanted_sensor
from imu_reps.setup.placement_check import is_still
from imu_reps.setup.sensor_check import SensorFacts, rest_of
from imu_reps.sources.radio_source import wanted
from imu_reps.storage.profile import Person

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio
    from imu_reps.sensors.found import Found

#: A sensor that was heard a moment ago connects and streams within this.
PATIENCE_S = 20.0
#: Fewer samples than a second's tell nothing.
MIN_SECONDS = 1.0


async def look_for(radio: Radio, person: Person | None, *, min_s: float, max_s: float) -> list[Found]:
    """Listen for the person's sensors, or any two that can do the job, and for whatever else is near.

    Raises
    ------
    RadioError
        If Bluetooth cannot be used.
    """
    began_s = asyncio.get_running_loop().time()
    ids = [] if person is None else [person.sensor(place).host_id for place in SENSOR_PLACES]
    all_there = all_heard(ids) if ids else two_heard()

    def enough(found: list[Found]) -> bool:
        return all_there(found) and asyncio.get_running_loop().time() - began_s >= min_s

    return await radio.scan(max_s, enough)


def worn_or_near(
    person: Person | None, heard: Sequence[Found]
) -> tuple[dict[SensorPlace, Wanted], dict[SensorPlace, SensorFacts]]:
    """What to connect, and what is paired but was not heard.

    Without a person the strongest two that can do the job, at places that mean nothing.

    Raises
    ------
    UsageError
        If the profile names a family that is not known.
    """
    if person is None:
        near = zip(SENSOR_PLACES, fit(nearby(heard)), strict=False)
        return {place: wanted_sensor(device) for place, device in near}, {}
    ids = {found.host_id for found in heard}
    worn = wanted(person)
    missing = {
        place: SensorFacts(
            want.rate_hz, trouble=radio_error("not_found", f"The {place} sensor ({want.host_id})")
        )
        for place, want in worn.items()
        if want.host_id not in ids
    }
    return {place: want for place, want in worn.items() if place not in missing}, missing


async def examine(
    radio: Radio, sensors: Mapping[SensorPlace, Wanted], seconds: float
) -> dict[SensorPlace, SensorFacts]:
    """Let all sensors stream together, as in a set; if that fails, each alone, to see which one it is."""
    try:
        return await _together(radio, sensors, seconds)
    except RadioError as error:
        if len(sensors) == 1:
            return {place: SensorFacts(want.rate_hz, trouble=error) for place, want in sensors.items()}
    facts: dict[SensorPlace, SensorFacts] = {}
    for place, want in sensors.items():
        facts |= await examine(radio, {place: want}, seconds)
    return facts


async def _together(
    radio: Radio, sensors: Mapping[SensorPlace, Wanted], seconds: float
) -> dict[SensorPlace, SensorFacts]:
    streams = Streams(radio, sensors, patience_s=PATIENCE_S)
    blocks: dict[SensorPlace, list[SampleBlock]] = {place: [] for place in sensors}
    try:
        await streams.open()
        until_s = asyncio.get_running_loop().time() + seconds
        while (items := await next_items(streams, until_s)) is not None:
            for item in items:
                if isinstance(item, SampleBlock):
                    blocks[item.sensor].append(item)
        status = streams.status()
    finally:
        await streams.close()
    return {place: facts_of(want, status[place], blocks[place]) for place, want in sensors.items()}


def facts_of(want: Wanted, status: SensorStatus, blocks: list[SampleBlock]) -> SensorFacts:
    """What the blocks of one sensor show."""
    block = concatenate(blocks) if blocks else None
    if block is None or len(block) < MIN_SECONDS * want.rate_hz:
        return SensorFacts(want.rate_hz, status=status)
    header = SensorHeader(sensor=want.family.name, rate_hz=want.rate_hz, counter=want.family.counter)
    try:
        timed = fit_clock(block, header)
    except RecordingError:
        return SensorFacts(want.rate_hz, status=status)
    return SensorFacts(
        want.rate_hz,
        status=status,
        clock=timed.clock,
        delay_s=_delay_s(block, timed),
        rest=rest_of(block) if is_still(block, timed.clock.rate_hz) else None,
    )


def _delay_s(block: SampleBlock, timed: TimedSamples) -> float:
    return float(np.percentile(block.time_s[timed.order] - timed.time_s, 95.0))
