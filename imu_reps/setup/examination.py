"""Let sensors stream for some seconds and collect facts about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace, concatenate
from imu_reps.errors import RadioError, RecordingError
from imu_reps.kinematics.clock.offline import TimedSamples, fit_clock
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.stream_items import SensorRequest, SensorStatus, loop_time_s
from imu_reps.sensors.streams import Streams
from imu_reps.setup.candidates import all_found, nearby, two_usable_found, usable
from imu_reps.setup.pairing import next_items, sensor_request
from imu_reps.setup.placement_check import is_still
from imu_reps.setup.sensor_check import SensorFacts, rest_reading
from imu_reps.sources import sensor_requests
from imu_reps.storage.profile import Person

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Found, Radio

#: Timeout for a sensor just found to connect and stream.
PATIENCE_S = 20.0
#: Minimum amount of samples.
MIN_SECONDS = 1.0


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

    def enough(found: list[Found]) -> bool:
        return all_near(found) and loop_time_s() - began_s >= min_s

    return await radio.scan(max_s, enough)


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
    streams = Streams(radio, sensors, patience_s=PATIENCE_S)
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
    if block is None or len(block) < MIN_SECONDS * request.rate_hz:
        return SensorFacts(request.rate_hz, status=status)
    header = SensorHeader(sensor=request.family.name, rate_hz=request.rate_hz, counter=request.family.counter)
    try:
        timed = fit_clock(block, header)
    except RecordingError:
        return SensorFacts(request.rate_hz, status=status)
    return SensorFacts(
        request.rate_hz,
        status=status,
        clock=timed.clock,
        delay_s=_delay_s(block, timed),
        rest=rest_reading(block) if is_still(block, timed.clock.rate_hz) else None,
    )


def _delay_s(block: SampleBlock, timed: TimedSamples) -> float:
    return float(np.percentile(block.time_s[timed.order] - timed.time_s, 95.0))
