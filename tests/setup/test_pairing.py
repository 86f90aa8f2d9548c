"""Finding two sensors, identifying which is which, and checking how they are worn, with virtual sensors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
import pytest

from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.errors import RadioError, UsageError
from imu_reps.sensors.ble import Radio
from imu_reps.sensors.families import family
from imu_reps.setup.candidates import (
    NearbyDevice,
    find_device,
    named_sensors,
    nearby,
    read_battery,
    remaining_devices,
    scan_for_pair,
    usable,
)
from imu_reps.setup.pairing import streaming
from imu_reps.setup.placement_check import Placement
from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.radio.virtual_sensor import VirtualSensor

G = 9.80665
IDS = ("F0:00:00:00:00:01", "F0:00:00:00:00:02", "F0:00:00:00:00:03")


@dataclass
class Hand:
    """Holds a sensor at rest with this side up, or swings it to and fro."""

    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    swing_dps: float = 0.0

    def readings(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        rng = np.random.default_rng(len(time_s))
        shape = (len(time_s), 3)
        acc = G * np.asarray(self.up) + rng.normal(0.0, 0.02, shape)
        gyr = rng.normal(0.0, 0.1, shape)
        gyr[:, 0] += self.swing_dps * np.sin(2.0 * np.pi * time_s)
        return acc, gyr


class Bench:
    """One virtual sensor of a family per hand, and a computer's radio."""

    def __init__(self, kind: str, hands: int, **settings: object) -> None:
        self.air, self.kind, self.settings = Air(seed=3), kind, settings
        self.hands = [Hand() for _ in range(hands)]

    async def __aenter__(self) -> Bench:
        await self.air.__aenter__()
        self.sensors = [
            VirtualSensor(self.air, DEVICES[self.kind](hand.readings, **self.settings), address)
            for hand, address in zip(self.hands, IDS, strict=False)
        ]
        self.radio = Radio(scanner_backend=scanner_backend(self.air), client_backend=client_backend(self.air))
        return self

    async def __aexit__(self, *what: object) -> None:
        await self.air.__aexit__(None, None, None)

    async def devices(self) -> list[NearbyDevice]:
        """Return every nearby device, sorted by id."""
        return sorted(nearby(await self.radio.scan(5.0)), key=lambda device: device.found.host_id)


def run_at(table: Bench, work: Callable[[Bench], Awaitable[object]]) -> object:
    async def scenario() -> object:
        async with table:
            return await work(table)

    return run(scenario())


def at_places(devices: list[NearbyDevice]) -> dict[SensorPlace, NearbyDevice]:
    return {"pelvis": devices[0], "ankle": devices[1]}


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_a_scan_ends_early_once_two_sensors_are_found() -> None:
    async def work(table: Bench) -> None:
        began_s = now_s()
        devices = await scan_for_pair(table.radio, 30.0, {})
        assert {d.found.host_id for d in devices} == set(IDS[:2])
        assert now_s() - began_s < 8.0

    run_at(Bench("open_profile", 2), work)


def test_a_third_sensor_that_advertises_a_little_later_is_found_too() -> None:
    async def work(table: Bench) -> None:
        await asyncio.sleep(0.5)  # by then it advertises
        table.sensors[2].vanish()
        table.sensors[2].script((2.5, "return_"))
        assert len(await scan_for_pair(table.radio, 30.0, {})) == 3

    run_at(Bench("open_profile", 3), work)


def test_a_single_sensor_is_named_and_the_hint_mentions_the_phone() -> None:
    async def work(table: Bench) -> None:
        began_s = now_s()
        devices = await scan_for_pair(table.radio, 10.0, {})
        assert now_s() - began_s >= 10.0
        with pytest.raises(RadioError) as caught:
            remaining_devices(devices, {})
        assert caught.value.code == "not_found"
        assert IDS[0] in caught.value.message
        assert "phone" in caught.value.hint

    run_at(Bench("witmotion", 1), work)


def test_named_sensors_are_chosen_whichever_others_are_near() -> None:
    async def work(table: Bench) -> None:
        named: dict[SensorPlace, str] = {"ankle": IDS[0].lower(), "pelvis": IDS[2]}
        picked = named_sensors(await scan_for_pair(table.radio, 30.0, named), named)
        assert picked["ankle"].found.host_id == IDS[0]
        assert picked["pelvis"].found.host_id == IDS[2]

    run_at(Bench("open_profile", 3), work)


def test_ambiguous_or_absent_names_are_errors() -> None:
    async def work(table: Bench) -> None:
        devices = await table.devices()
        name = devices[0].name
        with pytest.raises(UsageError) as caught:
            find_device(devices, name)
        assert caught.value.code == "same_name"
        assert IDS[0] in caught.value.hint
        with pytest.raises(UsageError) as caught:
            named_sensors(devices, {"ankle": IDS[0], "pelvis": IDS[0]})
        assert caught.value.code == "same_sensor"
        with pytest.raises(RadioError) as absent:
            named_sensors(devices, {"ankle": IDS[2]})
        assert absent.value.code == "not_found"
        assert "ankle" in absent.value.message

    run_at(Bench("witmotion", 2), work)


@pytest.mark.parametrize(("kind", "rate_hz"), [("witmotion", 100.0), ("movesense", 104.0)])
@pytest.mark.parametrize("lifted", [0, 1])
def test_the_lifted_sensor_becomes_the_ankle_sensor(kind: str, rate_hz: float, lifted: int) -> None:
    async def work(table: Bench) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            table.hands[lifted].swing_dps = 150.0
            place = await two.moved_sensor()
            assert place == ("pelvis", "ankle")[lifted]
            if place == "pelvis":
                two.swap()
            ankle = two.paired("ankle")
            assert ankle.host_id == IDS[lifted]
            assert two.device("ankle").found.host_id == IDS[lifted]
            assert (ankle.family, ankle.rate_hz) == (kind, rate_hz)
            assert two.paired("pelvis").host_id == IDS[1 - lifted]
            assert two.status("ankle").battery_percent is not None
            assert await two.moved_sensor(5.0) == "ankle"

    run_at(Bench(kind, 2), work)


@pytest.mark.parametrize("swapped", [False, True])
def test_the_identified_sensor_blinks_while_both_continue_to_stream(swapped: bool) -> None:
    async def work(table: Bench) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            if swapped:
                two.swap()
            assert await two.identify("ankle")
            blinked = [sensor.device.identified for sensor in table.sensors]
            assert blinked == ([1, 0] if swapped else [0, 1])
            table.hands[0].swing_dps = 150.0
            assert await two.moved_sensor(5.0) == ("ankle" if swapped else "pelvis")

    run_at(Bench("open_profile", 2), work)


def test_identifying_a_sensor_that_cannot_blink_or_has_disconnected_is_not_an_error() -> None:
    async def cannot(table: Bench) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            assert not await two.identify("ankle")

    async def gone(table: Bench) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            table.sensors[1].vanish()
            assert not await two.identify("ankle")

    run_at(Bench("witmotion", 2), cannot)
    run_at(Bench("open_profile", 2), gone)


def test_lifting_none_or_both_identifies_no_sensor() -> None:
    async def work(table: Bench) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            began_s = now_s()
            assert await two.moved_sensor(5.0) is None
            assert now_s() - began_s == pytest.approx(5.0, abs=0.2)
            for hand in table.hands:
                hand.swing_dps = 150.0
            assert await two.moved_sensor(5.0) is None

    run_at(Bench("open_profile", 2), work)


def test_the_identity_of_a_device_is_stored_if_it_has_one() -> None:
    async def work(table: Bench) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            assert two.paired("ankle").identity == two.status("ankle").identity
            assert two.paired("ankle").identity

    run_at(Bench("movesense", 2), work)


def test_a_sensor_turned_over_during_the_check_passes_it() -> None:
    async def work(table: Bench) -> None:
        table.hands[0].up = (0.0, 0.0, -1.0)
        lying_still: list[Placement] = []

        def turn_over(placement: Placement) -> None:
            if placement.is_lying_still:
                lying_still.append(placement)
                table.hands[0].up = (0.0, 0.0, 1.0)

        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            assert (await two.wait_lying_still("+z", turn_over)).fault is None
        assert [placement.fault for placement in lying_still] == ["upside_down"]

    run_at(Bench("witmotion", 2), work)


def test_after_a_swap_the_other_sensor_is_checked() -> None:
    async def work(table: Bench) -> None:
        table.hands[0].up = (0.0, -1.0, 0.0)
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            found = await two.wait_lying_still("+z", lambda _: None, 5.0)
            assert (found.fault, found.up_axis) == ("on_edge", "-y")
            two.swap()
            assert (await two.wait_lying_still("+z", lambda _: None, 5.0)).fault is None

    run_at(Bench("open_profile", 2), work)


def test_a_sensor_that_stays_upside_down_is_not_waited_for() -> None:
    async def work(table: Bench) -> None:
        table.hands[0].up = (0.0, 0.0, -1.0)
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            began_s = now_s()
            found = await two.wait_lying_still("+z", lambda _: None)
            assert (found.fault, found.up_axis) == ("upside_down", "-z")
            assert 20.0 < now_s() - began_s < 40.0

    run_at(Bench("open_profile", 2), work)


def test_a_sensor_that_is_never_still_is_reported_as_moving() -> None:
    async def work(table: Bench) -> None:
        table.hands[1].swing_dps = 40.0
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            found = await two.wait_lying_still("+z", lambda _: None, 8.0)
            assert (found.fault, found.sensor) == ("moving", "ankle")

    run_at(Bench("open_profile", 2), work)


def test_samples_from_before_a_sensor_was_lost_are_ignored() -> None:
    async def work(table: Bench) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            table.sensors[1].vanish()
            await asyncio.sleep(15.0)
            found = await two.wait_lying_still("+z", lambda _: None, 8.0)
            assert (found.fault, found.sensor) == ("no_samples", "ankle")

    run_at(Bench("open_profile", 2), work)


def test_a_sensor_that_sends_nothing_is_named_without_an_unknown_place() -> None:
    async def work(table: Bench) -> None:
        devices = await table.devices()
        table.sensors[1].stop_streaming("never")
        with pytest.raises(RadioError) as caught:
            async with streaming(table.radio, at_places(devices), 100.0):
                pass
        assert caught.value.code == "no_stream"
        assert devices[1].name in caught.value.message
        assert "ankle" not in caught.value.message
        await asyncio.sleep(1.0)
        assert not table.sensors[0].is_connected

    run_at(Bench("open_profile", 2), work)


@pytest.mark.parametrize("kind", ["witmotion", "open_profile", "movesense"])
def test_the_battery_is_read_over_a_short_connection(kind: str) -> None:
    async def work(table: Bench) -> None:
        (device,) = usable(await table.devices())
        began_s = now_s()
        percent = await read_battery(table.radio, device.found, family(kind))
        assert percent == pytest.approx(60.0, abs=1.0)
        assert now_s() - began_s < 5.0
        await asyncio.sleep(1.0)
        assert not table.sensors[0].is_connected

    run_at(Bench(kind, 1, battery_percent=60.0), work)


def test_a_sensor_out_of_reach_has_no_battery_to_read() -> None:
    async def work(table: Bench) -> None:
        (device,) = usable(await table.devices())
        table.sensors[0].vanish()
        with pytest.raises(RadioError):
            await read_battery(table.radio, device.found, family("witmotion"))

    run_at(Bench("witmotion", 1), work)
