"""Finding two sensors, telling them apart, and seeing how they are worn: over the virtual air."""

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
from imu_reps.setup.battery import read_battery
from imu_reps.setup.candidates import Nearby, fit, listen, matching, named_sensors, nearby, others
from imu_reps.setup.pairing import streaming
from imu_reps.setup.placement_check import Wear
from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.radio.virtual_sensor import VirtualSensor

G = 9.80665
IDS = ("F0:00:00:00:00:01", "F0:00:00:00:00:02", "F0:00:00:00:00:03")


@dataclass
class Hand:
    """What holds a sensor: at rest with this side up, or swung to and fro."""

    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    swing_dps: float = 0.0

    def feed(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        noise = np.random.default_rng(len(time_s))
        n = (len(time_s), 3)
        acc = G * np.asarray(self.up) + noise.normal(0.0, 0.02, n)
        gyr = noise.normal(0.0, 0.1, n)
        gyr[:, 0] += self.swing_dps * np.sin(2.0 * np.pi * time_s)
        return acc, gyr


class Table:
    """An air with as many sensors of a family as there are hands, and a computer."""

    def __init__(self, kind: str, hands: int, **settings: object) -> None:
        self.air, self.kind, self.settings = Air(seed=3), kind, settings
        self.hands = [Hand() for _ in range(hands)]

    async def __aenter__(self) -> Table:
        await self.air.__aenter__()
        self.sensors = [
            VirtualSensor(self.air, DEVICES[self.kind](hand.feed, **self.settings), address)
            for hand, address in zip(self.hands, IDS, strict=False)
        ]
        self.radio = Radio(scanner_backend=scanner_backend(self.air), client_backend=client_backend(self.air))
        return self

    async def __aexit__(self, *what: object) -> None:
        await self.air.__aexit__(None, None, None)

    async def devices(self) -> list[Nearby]:
        """Everything near, in the order of the ids."""
        return sorted(nearby(await self.radio.scan(5.0)), key=lambda device: device.found.host_id)


def at(table: Table, work: Callable[[Table], Awaitable[object]]) -> object:
    async def there() -> object:
        async with table:
            return await work(table)

    return run(there())


def at_places(devices: list[Nearby]) -> dict[SensorPlace, Nearby]:
    return {"pelvis": devices[0], "ankle": devices[1]}


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_a_scan_ends_early_once_two_were_heard() -> None:
    async def work(table: Table) -> None:
        began_s = now_s()
        devices = await listen(table.radio, 30.0, {})
        assert {d.found.host_id for d in devices} == set(IDS[:2])
        assert now_s() - began_s < 8.0

    at(Table("open_profile", 2), work)


def test_a_third_sensor_that_speaks_up_a_little_later_is_heard_too() -> None:
    async def work(table: Table) -> None:
        await asyncio.sleep(0.5)  # by then it advertises
        table.sensors[2].vanish()
        table.sensors[2].script((2.5, "return_"))
        assert len(await listen(table.radio, 30.0, {})) == 3

    at(Table("open_profile", 3), work)


def test_one_sensor_alone_is_named_and_the_phone_is_thought_of() -> None:
    async def work(table: Table) -> None:
        began_s = now_s()
        devices = await listen(table.radio, 10.0, {})
        assert now_s() - began_s >= 10.0
        with pytest.raises(RadioError) as caught:
            others(devices, {})
        assert caught.value.code == "not_found"
        assert IDS[0] in caught.value.message
        assert "phone" in caught.value.hint

    at(Table("witmotion", 1), work)


def test_named_sensors_are_taken_whichever_others_are_near() -> None:
    async def work(table: Table) -> None:
        named: dict[SensorPlace, str] = {"ankle": IDS[0].lower(), "pelvis": IDS[2]}
        picked = named_sensors(await listen(table.radio, 30.0, named), named)
        assert picked["ankle"].found.host_id == IDS[0]
        assert picked["pelvis"].found.host_id == IDS[2]

    at(Table("open_profile", 3), work)


def test_what_cannot_be_meant_is_said() -> None:
    async def work(table: Table) -> None:
        devices = await table.devices()
        name = devices[0].name
        with pytest.raises(UsageError) as caught:
            matching(devices, name)
        assert caught.value.code == "same_name"
        assert IDS[0] in caught.value.hint
        with pytest.raises(UsageError) as caught:
            named_sensors(devices, {"ankle": IDS[0], "pelvis": IDS[0]})
        assert caught.value.code == "same_sensor"
        with pytest.raises(RadioError) as absent:
            named_sensors(devices, {"ankle": IDS[2]})
        assert absent.value.code == "not_found"
        assert "ankle" in absent.value.message

    at(Table("witmotion", 2), work)


@pytest.mark.parametrize(("kind", "rate_hz"), [("witmotion", 100.0), ("movesense", 104.0)])
@pytest.mark.parametrize("lifted", [0, 1])
def test_the_sensor_that_is_lifted_is_the_ankles(kind: str, rate_hz: float, lifted: int) -> None:
    async def work(table: Table) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            table.hands[lifted].swing_dps = 150.0
            place = await two.who_moved()
            assert place == ("pelvis", "ankle")[lifted]
            if place == "pelvis":
                two.swap()
            ankle = two.paired("ankle")
            assert ankle.host_id == IDS[lifted]
            assert two.device("ankle").found.host_id == IDS[lifted]
            assert (ankle.family, ankle.rate_hz) == (kind, rate_hz)
            assert two.paired("pelvis").host_id == IDS[1 - lifted]
            assert two.status("ankle").battery_percent is not None
            assert await two.who_moved(5.0) == "ankle"

    at(Table(kind, 2), work)


@pytest.mark.parametrize("swapped", [False, True])
def test_the_sensor_that_is_asked_to_blinks_while_both_go_on_sending(swapped: bool) -> None:
    async def work(table: Table) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            if swapped:
                two.swap()
            assert await two.identify("ankle")
            blinked = [sensor.device.identified for sensor in table.sensors]
            assert blinked == ([1, 0] if swapped else [0, 1])
            table.hands[0].swing_dps = 150.0
            assert await two.who_moved(5.0) == ("ankle" if swapped else "pelvis")

    at(Table("open_profile", 2), work)


def test_a_sensor_that_cannot_blink_or_is_gone_is_no_error() -> None:
    async def cannot(table: Table) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            assert not await two.identify("ankle")

    async def gone(table: Table) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            table.sensors[1].vanish()
            assert not await two.identify("ankle")

    at(Table("witmotion", 2), cannot)
    at(Table("open_profile", 2), gone)


def test_lifting_none_or_both_tells_nothing() -> None:
    async def work(table: Table) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            began_s = now_s()
            assert await two.who_moved(5.0) is None
            assert now_s() - began_s == pytest.approx(5.0, abs=0.2)
            for hand in table.hands:
                hand.swing_dps = 150.0
            assert await two.who_moved(5.0) is None

    at(Table("open_profile", 2), work)


def test_identity_is_kept_where_the_device_has_one() -> None:
    async def work(table: Table) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            assert two.paired("ankle").identity == two.status("ankle").identity
            assert two.paired("ankle").identity

    at(Table("movesense", 2), work)


def test_a_sensor_turned_over_while_lying_is_talked_into_place() -> None:
    async def work(table: Table) -> None:
        table.hands[0].up = (0.0, 0.0, -1.0)
        seen: list[Wear] = []

        def turn(wear: Wear) -> None:
            if wear.lies:
                seen.append(wear)
                table.hands[0].up = (0.0, 0.0, 1.0)

        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            assert (await two.lie_still("+z", turn)).fault is None
        assert [wear.fault for wear in seen] == ["upside_down"]

    at(Table("witmotion", 2), work)


def test_after_a_swap_the_other_sensor_is_judged() -> None:
    async def work(table: Table) -> None:
        table.hands[0].up = (0.0, -1.0, 0.0)
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            found = await two.lie_still("+z", lambda _: None, 5.0)
            assert (found.fault, found.up_axis) == ("on_edge", "-y")
            two.swap()
            assert (await two.lie_still("+z", lambda _: None, 5.0)).fault is None

    at(Table("open_profile", 2), work)


def test_who_goes_on_lying_upside_down_is_not_waited_for() -> None:
    async def work(table: Table) -> None:
        table.hands[0].up = (0.0, 0.0, -1.0)
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            began_s = now_s()
            found = await two.lie_still("+z", lambda _: None)
            assert (found.fault, found.up_axis) == ("upside_down", "-z")
            assert 20.0 < now_s() - began_s < 40.0

    at(Table("open_profile", 2), work)


def test_who_never_lies_still_is_told_so() -> None:
    async def work(table: Table) -> None:
        table.hands[1].swing_dps = 40.0
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            found = await two.lie_still("+z", lambda _: None, 8.0)
            assert (found.fault, found.sensor) == ("moving", "ankle")

    at(Table("open_profile", 2), work)


def test_what_a_lost_sensor_sent_before_counts_for_nothing() -> None:
    async def work(table: Table) -> None:
        async with streaming(table.radio, at_places(await table.devices()), 100.0) as two:
            table.sensors[1].vanish()
            await asyncio.sleep(15.0)
            found = await two.lie_still("+z", lambda _: None, 8.0)
            assert (found.fault, found.sensor) == ("no_samples", "ankle")

    at(Table("open_profile", 2), work)


def test_a_sensor_that_sends_nothing_is_named_without_a_place_nobody_knows() -> None:
    async def work(table: Table) -> None:
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

    at(Table("open_profile", 2), work)


@pytest.mark.parametrize("kind", ["witmotion", "open_profile", "movesense"])
def test_the_battery_is_read_by_a_short_connection(kind: str) -> None:
    async def work(table: Table) -> None:
        (device,) = fit(await table.devices())
        began_s = now_s()
        percent = await read_battery(table.radio, device.found, family(kind))
        assert percent == pytest.approx(60.0, abs=1.0)
        assert now_s() - began_s < 5.0
        await asyncio.sleep(1.0)
        assert not table.sensors[0].is_connected

    at(Table(kind, 1, battery_percent=60.0), work)


def test_a_sensor_out_of_reach_has_no_battery_to_read() -> None:
    async def work(table: Table) -> None:
        (device,) = fit(await table.devices())
        table.sensors[0].vanish()
        with pytest.raises(RadioError):
            await read_battery(table.radio, device.found, family("witmotion"))

    at(Table("witmotion", 1), work)
