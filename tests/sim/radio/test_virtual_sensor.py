"""Everything that goes wrong with real sensors and computers can be simulated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakDeviceNotFoundError, BleakError

from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.devices.virtual_open_profile import CONTROL, INFO, STREAM
from imu_reps.sim.radio.link_plan import BLUEZ, Faults, LinkPlan, Quirks
from imu_reps.sim.radio.virtual_sensor import Board, VirtualSensor

PELVIS, ANKLE = "F0:00:00:00:00:01", "F0:00:00:00:00:02"
SUPERVISION_S = LinkPlan().supervision_s
OnAir = Callable[..., Any]


@pytest.fixture
def streaming(on_air: OnAir, listener: Any, logged_device: Any) -> Callable[..., Any]:
    """Run ``async (sensor, program)`` with one sensor that has streamed for 1 s."""

    def run_story(story: Any, *, quirks: Quirks = Quirks(), **settings: Any) -> Any:  # noqa: B008 - frozen
        async def whole(air: Air) -> Any:
            sensor, program = VirtualSensor(air, logged_device(), PELVIS, **settings), listener(air)
            await program.listen(PELVIS)
            await asyncio.sleep(1.0)
            return await story(sensor, program)

        return on_air(whole, quirks=quirks)

    return run_story


async def packets_within(program: Any, seconds: float) -> int:
    before = len(program.arrivals)
    await asyncio.sleep(seconds)
    return len(program.arrivals) - before


async def advertises(air: Air) -> bool:
    return bool(await BleakScanner.discover(1.0, backend=scanner_backend(air)))


def test_the_loss_of_a_vanished_sensor_is_noticed_after_the_supervision_time(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        vanished_s = program.air.now_s()
        sensor.vanish()
        await asyncio.sleep(3.0)
        assert program.ends_s == pytest.approx([vanished_s + SUPERVISION_S], abs=1e-3)
        assert not program.client.is_connected
        assert not sensor.is_connected
        assert not await advertises(program.air)
        sensor.return_()
        await program.client.disconnect()
        await program.listen(PELVIS)
        assert await packets_within(program, 1.0) > 15

    streaming(story)


def test_a_short_absence_delays_packets_but_loses_none(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        sensor.vanish()
        assert await packets_within(program, 0.3) <= 1
        sensor.return_()
        await asyncio.sleep(1.0)
        assert program.client.is_connected
        assert program.data == [packet.data for packet in sensor.device.log][: len(program.data)]  # type: ignore[attr-defined]
        assert len(program.data) > 40

    streaming(story)


def test_a_request_whose_link_ends_raises_an_error_and_no_cancellation(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        sensor.vanish()
        with pytest.raises(BleakDBusError, match="Not connected"):
            await program.client.read_gatt_char(INFO)

    streaming(story)


def test_a_rebooted_sensor_starts_again(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        sensor.reboot()
        rebooted_s = program.air.now_s()
        await asyncio.sleep(3.0)
        assert program.ends_s == pytest.approx([rebooted_s + SUPERVISION_S], abs=1e-3)
        await program.client.disconnect()
        before = len(program.data)
        await program.listen(PELVIS)
        await asyncio.sleep(1.0)
        sequence, tick_us = program.data[before][:2], int.from_bytes(program.data[before][2:6], "little")
        assert sequence == b"\0\0"
        # started about 2.5 s after it came back
        assert 1.5e6 < tick_us < 4e6

    streaming(story)


def test_a_sensor_that_reboots_within_the_supervision_time_is_lost_all_the_same(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        sensor.reboot()
        rebooted_s = program.air.now_s()
        assert await packets_within(program, 2.0) == 0
        assert program.ends_s == pytest.approx([rebooted_s + SUPERVISION_S], abs=1e-3)

    streaming(story, board=Board(boot_s=0.1))


def test_a_sensor_that_disconnects_is_noticed_at_once_and_advertises_again(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        sensor.drop_link()
        await asyncio.sleep(0.05)
        assert len(program.ends_s) == 1
        assert await advertises(program.air)

    streaming(story)


@pytest.mark.parametrize("cure", ["subscribed", "connected", "rebooted", "never"])
def test_a_silent_sensor_stays_connected_until_it_is_restored(streaming: Any, cure: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> list[bool]:
        sensor.stop_streaming(cure)
        streams = []
        assert await packets_within(program, 3.0) <= 1
        assert program.client.is_connected
        assert bytes(await program.client.read_gatt_char(INFO))[0] == 1
        await restart(program)
        streams.append(await packets_within(program, 1.0) > 10)
        await program.client.disconnect()
        await program.listen(PELVIS)
        streams.append(await packets_within(program, 1.0) > 10)
        sensor.reboot()
        await asyncio.sleep(3.0)
        await program.client.disconnect()
        await program.listen(PELVIS)
        streams.append(await packets_within(program, 1.0) > 10)
        return streams

    cures = {
        "subscribed": [True, True, True],
        "connected": [False, True, True],
        "rebooted": [False, False, True],
        "never": [False, False, False],
    }
    assert streaming(story) == cures[cure]


async def restart(program: Any) -> None:
    """Subscribe and start again."""
    await program.client.stop_notify(STREAM)
    await program.client.start_notify(STREAM, program._note)
    await program.client.write_gatt_char(CONTROL, b"\x01", response=True)


def test_a_storm_is_delivered_as_fast_as_the_link_allows_and_ends(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        sensor.storm(600)
        # six packets in 15 ms
        assert await packets_within(program, 0.36) > 120
        await asyncio.sleep(2.0)
        assert sum(len(data) == 20 for data in program.data) == 600
        assert sensor.dropped == 0
        assert 15 < await packets_within(program, 1.0) < 25

    streaming(story)


@pytest.mark.parametrize(
    ("faults", "low", "high"),
    [
        (Faults(loss=0.2), 0.75, 0.85),
        (Faults(duplicate=0.2), 1.15, 1.25),
        (Faults(garbage=0.2), 1.15, 1.25),
        (Faults(truncate=0.2), 1.0, 1.0),
        (Faults(garble=0.2), 1.0, 1.0),
    ],
)
def test_planned_faults_affect_the_stream(streaming: Any, faults: Faults, low: float, high: float) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> tuple[float, float]:
        await asyncio.sleep(60.0)
        made = [packet.data for packet in sensor.device.log]  # type: ignore[attr-defined]
        return len(program.data) / len(made), sum(data in set(made) for data in program.data) / len(made)

    arrived, whole = streaming(story, faults=faults)

    assert low - 0.005 <= arrived <= high
    if faults.truncate or faults.garble:
        assert whole == pytest.approx(0.8, abs=0.06)


def test_a_stall_delays_packets_and_a_full_sensor_drops_them(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> tuple[int, int, int]:
        await asyncio.sleep(10.0)
        return sensor.dropped, len(sensor.device.log), len(program.data)  # type: ignore[attr-defined]

    patient = streaming(story, radio=LinkPlan(stalls=((5.0, 2.0),)))
    full = streaming(story, radio=LinkPlan(stalls=((5.0, 2.0),), queue_packets=10))

    assert patient[0] == 0
    assert patient[1] - patient[2] <= 1
    # 40 packets in two seconds, ten of them stored
    assert full[0] == pytest.approx(30, abs=2)
    assert full[1] - full[2] - full[0] <= 1


def test_actions_follow_the_script(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> list[float]:
        sensor.script((5.0, "vanish"), (8.0, "return_"))
        await asyncio.sleep(10.0)
        assert await advertises(program.air)
        return list(program.ends_s)

    assert streaming(story) == pytest.approx([5.0 + SUPERVISION_S], abs=1e-3)


def test_a_lost_adapter_ends_the_links(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        program.air.power_off("no_bluetooth")
        await asyncio.sleep(0.01)
        assert len(program.ends_s) == 1
        await asyncio.sleep(1.0)
        assert not sensor.is_connected
        program.air.power_on()
        await program.client.disconnect()
        await program.listen(PELVIS)
        assert await packets_within(program, 1.0) > 15

    streaming(story)


def test_a_lost_adapter_ends_a_connection_in_progress(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        device = await known(program)
        sensor.vanish()
        await asyncio.sleep(1.0)
        asyncio.get_running_loop().call_later(2.0, program.air.power_off)
        with pytest.raises(BleakBluetoothNotAvailableError):
            await program.connect(device)

    streaming(story)


def test_connecting_to_a_missing_sensor_times_out_without_a_message(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        device = await known(program)
        sensor.vanish()
        await asyncio.sleep(1.0)
        began_s = program.air.now_s()
        with pytest.raises(TimeoutError) as away:
            await program.connect(device, timeout=4.0)
        assert str(away.value) == ""
        assert program.air.now_s() - began_s == pytest.approx(4.0, abs=0.01)
        # nothing of the attempt remains: the next one works
        sensor.return_()
        await program.client.disconnect()
        await program.connect(device)

    streaming(story)


async def known(program: Any) -> Any:
    """Return the sensor as found by bleak's scanner."""
    await program.client.disconnect()
    await asyncio.sleep(1.0)
    device = await BleakScanner.find_device_by_address(PELVIS, backend=scanner_backend(program.air))
    await program.connect(device)
    return device


def test_two_connections_at_a_time_are_refused(on_air: OnAir, logged_device: Any) -> None:
    async def story(air: Air) -> None:
        for address in (PELVIS, ANKLE):
            VirtualSensor(air, logged_device(), address)
        found = await BleakScanner.discover(2.0, backend=scanner_backend(air))
        clients = [BleakClient(device, backend=client_backend(air)) for device in found]
        results = await asyncio.gather(*(client.connect() for client in clients), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["BleakDBusError", "NoneType"]

    on_air(story)


def test_bluez_needs_a_moment_after_a_disconnection(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> None:
        device = await known(program)
        sensor.drop_link()
        await asyncio.sleep(0.1)
        await program.client.disconnect()
        with pytest.raises(BleakDBusError, match="Input/output error"):
            await program.connect(device)
        await asyncio.sleep(0.3)
        await program.connect(device)

    streaming(story, quirks=Quirks(settle_s=0.3))


def test_bluez_doubles_notifications_when_the_old_client_was_not_disconnected(streaming: Any) -> None:
    async def story(sensor: VirtualSensor, program: Any) -> tuple[int, int]:
        device = await known(program)
        first = program.client
        sensor.drop_link()
        await asyncio.sleep(1.0)
        await program.connect(device)
        doubled = await packets_within(program, 2.0)
        await program.client.disconnect()
        await first.disconnect()
        await program.connect(device)
        return doubled, await packets_within(program, 2.0)

    doubled, single = streaming(story, quirks=Quirks(doubled=True))

    assert doubled == pytest.approx(80, abs=4)
    assert single == pytest.approx(40, abs=2)


def test_bluez_forgets_sensors_until_the_next_scan(streaming: Any) -> None:
    async def story(_sensor: VirtualSensor, program: Any) -> None:
        device = await known(program)
        await program.client.disconnect()
        await asyncio.sleep(31.0)
        with pytest.raises(BleakDeviceNotFoundError):
            await program.connect(device)
        assert await advertises(program.air)
        await program.connect(device)

    streaming(story, quirks=Quirks(forgets_s=30.0))


def test_a_service_discovery_can_be_interrupted(on_air: OnAir, listener: Any, logged_device: Any) -> None:
    async def story(air: Air) -> None:
        VirtualSensor(air, logged_device(), PELVIS)
        program = listener(air)
        with pytest.raises(BleakError, match="failed to discover services"):
            await program.listen(PELVIS)
        await program.listen(PELVIS)
        assert await packets_within(program, 1.0) > 15

    on_air(story, quirks=Quirks(cut_discoveries=(0,)))


def test_bluez_disconnects_slowly(streaming: Any) -> None:
    async def story(_sensor: VirtualSensor, program: Any) -> float:
        began_s = program.air.now_s()
        await program.client.disconnect()
        assert not program.client.is_connected
        assert len(program.ends_s) == 1
        took_s = program.air.now_s() - began_s
        await program.client.disconnect()
        return float(took_s)

    assert 2.0 <= streaming(story, quirks=BLUEZ) <= 2.75
