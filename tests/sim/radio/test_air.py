"""Scanning, connecting, reading and writing through bleak, over a real Bluetooth stack in simulated time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bumble.host import Host

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.wire import BATTERY_LEVEL
from imu_reps.sim.radio.air import Air, AirController
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.devices.virtual_open_profile import CONTROL, INFO, SERVICE, STREAM, OpenProfile
from imu_reps.sim.radio.link_plan import LinkPlan
from imu_reps.sim.radio.virtual_sensor import Board, VirtualSensor

PELVIS, ANKLE = "F0:00:00:00:00:01", "F0:00:00:00:00:02"
OnAir = Callable[..., Any]


def still(time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the readings of a sensor on a table."""
    return np.tile([0.0, 0.0, 9.80665], (len(time_s), 1)), np.zeros((len(time_s), 3))


async def scan(air: Air, seconds: float = 2.0) -> dict[str, Any]:
    return await BleakScanner.discover(seconds, return_adv=True, backend=scanner_backend(air))


async def connect(air: Air, address: str, **settings: Any) -> BleakClient:
    (device, _) = (await scan(air))[address]
    client = BleakClient(device, backend=client_backend(air), **settings)
    await client.connect()
    return client


def test_a_scan_finds_names_services_and_strength(on_air: OnAir) -> None:
    async def story(air: Air) -> dict[str, Any]:
        VirtualSensor(air, OpenProfile(still), PELVIS, board=Board(rssi_dbm=-48))
        VirtualSensor(air, OpenProfile(still), ANKLE, "IMUREPS-A0002", board=Board(rssi_dbm=-77))
        return await scan(air)

    found = on_air(story)

    assert {address: advertisement.local_name for address, (_, advertisement) in found.items()} == {
        PELVIS: "IMUREPS-P1A2B",
        ANKLE: "IMUREPS-A0002",
    }
    assert all(advertisement.service_uuids == [SERVICE] for _, advertisement in found.values())
    assert found[PELVIS][1].rssi == pytest.approx(-48, abs=12)
    assert found[ANKLE][1].rssi == pytest.approx(-77, abs=12)


def test_manufacturer_data_and_short_uuids_are_advertised(on_air: OnAir) -> None:
    class Bought(OpenProfile):
        company_id = 0x009F
        service_uuids = ("0000fdf3-0000-1000-8000-00805f9b34fb",)

    async def story(air: Air) -> Any:
        VirtualSensor(air, Bought(still), PELVIS)
        return (await scan(air))[PELVIS][1]

    advertisement = on_air(story)

    assert advertisement.manufacturer_data == {0x009F: b""}
    assert advertisement.service_uuids == ["0000fdf3-0000-1000-8000-00805f9b34fb"]


def test_a_scan_can_be_filtered_by_service(on_air: OnAir) -> None:
    async def story(air: Air) -> list[int]:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        filters: list[list[str]] = [[SERVICE], ["0000180f-0000-1000-8000-00805f9b34fb"]]
        return [
            len(await BleakScanner.discover(1.0, service_uuids=uuids, backend=scanner_backend(air)))
            for uuids in filters
        ]

    assert on_air(story) == [1, 0]


def test_two_sensors_may_have_the_same_name(on_air: OnAir) -> None:
    async def story(air: Air) -> list[tuple[str, str]]:
        for address in (PELVIS, ANKLE):
            VirtualSensor(air, OpenProfile(still), address, "WT901BLE67")
        return sorted((device.address, device.name) for device, _ in (await scan(air)).values())

    assert on_air(story) == [(PELVIS, "WT901BLE67"), (ANKLE, "WT901BLE67")]


def test_an_address_can_be_used_once(on_air: OnAir) -> None:
    async def story(air: Air) -> None:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        with pytest.raises(ValueError, match="in use"):
            VirtualSensor(air, OpenProfile(still), PELVIS)

    on_air(story)


def test_a_connected_sensor_does_not_advertise_until_it_is_released(on_air: OnAir) -> None:
    async def story(air: Air) -> list[set[str]]:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        client = await connect(air, PELVIS)
        found = [set(await scan(air))]
        await client.disconnect()
        return [*found, set(await scan(air))]

    assert on_air(story) == [set(), {PELVIS}]


def test_services_and_properties_are_those_of_the_device(on_air: OnAir) -> None:
    async def story(air: Air) -> dict[str, set[str]]:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        client = await connect(air, PELVIS)
        assert client.name == "IMUREPS-P1A2B"
        return {each.uuid: set(each.properties) for each in client.services.characteristics.values()}

    offered = on_air(story)

    assert offered[STREAM] == {"notify"}
    assert offered[INFO] == {"read"}
    assert offered[CONTROL] == {"read", "write"}
    assert offered[BATTERY_LEVEL] == {"read"}


def test_reads_and_writes_reach_the_device(on_air: OnAir) -> None:
    async def story(air: Air) -> tuple[bytes, bytes, int]:
        device = OpenProfile(still, battery_percent=37.0)
        VirtualSensor(air, device, PELVIS)
        client = await connect(air, PELVIS)
        assert bytes(await client.read_gatt_char(INFO)) == device.read(INFO, air.now_s())
        await client.write_gatt_char(CONTROL, b"\x03\xc8\x00", response=True)
        await client.write_gatt_char(CONTROL, b"\x04", response=True)
        info, battery = await client.read_gatt_char(INFO), await client.read_gatt_char(BATTERY_LEVEL)
        return bytes(info), bytes(battery), device.identified

    info, battery, identified = on_air(story)

    assert int.from_bytes(info[1:3], "little") == 200
    assert battery == bytes([37])
    assert identified == 1


def test_impossible_requests_raise_an_error_of_bleak(on_air: OnAir) -> None:
    async def story(air: Air) -> None:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        client = await connect(air, PELVIS)
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.write_gatt_char(CONTROL, b"\x77", response=True)
        assert refused.value.code == 0x80
        with pytest.raises(BleakGATTProtocolError) as unreadable:
            await client.read_gatt_char(STREAM)
        assert unreadable.value.code == 0x02
        with pytest.raises(BleakDBusError, match="NotSupported"):
            await client.write_gatt_char(CONTROL, b"\x01", response=False)
        with pytest.raises(BleakDBusError, match="NotSupported"):
            await client.start_notify(INFO, lambda *_: None)
        with pytest.raises(BleakCharacteristicNotFoundError):
            await client.read_gatt_char("0000ffe9-0000-1000-8000-00805f9a34fb")
        with pytest.raises(BleakError, match="already connected"):
            await client.connect()
        await client.disconnect()
        with pytest.raises(BleakError):
            await client.read_gatt_char(INFO)

    on_air(story)


def test_notifications_are_started_once_and_stopped_once(on_air: OnAir, listener: Any) -> None:
    async def story(air: Air) -> None:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        client = await listener(air).listen(PELVIS)
        with pytest.raises(BleakDBusError, match="InProgress"):
            await client.start_notify(STREAM, lambda *_: None)
        await client.stop_notify(STREAM)
        with pytest.raises(BleakDBusError, match="No notify session"):
            await client.stop_notify(STREAM)
        await client.start_notify(STREAM, lambda *_: None)

    on_air(story)


@pytest.mark.parametrize(("mtu", "samples"), [(23, 1), (71, 5), (247, 5)])
def test_packets_fit_the_agreed_mtu(on_air: OnAir, listener: Any, mtu: int, samples: int) -> None:
    async def story(air: Air) -> tuple[int, set[int]]:
        VirtualSensor(air, OpenProfile(still), PELVIS, board=Board(mtu=mtu))
        program = listener(air)
        client = await program.listen(PELVIS)
        await asyncio.sleep(1.0)
        return client.mtu_size, {len(data) for data in program.data}

    assert on_air(story) == (mtu, {8 + 12 * samples})


@pytest.mark.parametrize("interval_s", [0.0075, 0.015, 0.03])
def test_on_a_clean_link_everything_arrives_in_order(
    on_air: OnAir, listener: Any, logged_device: Any, interval_s: float
) -> None:
    async def story(air: Air) -> None:
        programs, devices = [listener(air), listener(air)], [logged_device(), logged_device()]
        for device, address in zip(devices, (PELVIS, ANKLE), strict=True):
            VirtualSensor(air, device, address, radio=LinkPlan(interval_s=interval_s))
        for program, address in zip(programs, (PELVIS, ANKLE), strict=True):
            await program.listen(address)
        await asyncio.sleep(20.0)
        for program, device in zip(programs, devices, strict=True):
            assert 395 < len(program.data) <= len(device.log)
            assert program.data == [packet.data for packet in device.log][: len(program.data)]
            # packets missing at the end are on their way
            assert len(device.log) - len(program.data) < 3

    on_air(story)


@pytest.mark.parametrize("interval_s", [0.015, 0.03])
def test_packets_leave_at_connection_events_only(
    on_air: OnAir, listener: Any, logged_device: Any, interval_s: float
) -> None:
    async def story(air: Air) -> np.ndarray:
        radio = LinkPlan(interval_s=interval_s, jitter_s=0.0)
        VirtualSensor(air, logged_device(), PELVIS, radio=radio)
        program = listener(air)
        await program.listen(PELVIS)
        await asyncio.sleep(10.0)
        return np.array([time_s for time_s, _ in program.arrivals])

    arrivals_s = on_air(story)
    in_intervals = (arrivals_s - arrivals_s[0]) / interval_s

    assert len(arrivals_s) > 190
    assert in_intervals == pytest.approx(np.round(in_intervals), abs=1e-4)


def test_arrival_lags_by_the_wait_for_an_event_and_the_jitter(
    on_air: OnAir, listener: Any, logged_device: Any
) -> None:
    async def story(air: Air) -> np.ndarray:
        device, program = logged_device(), listener(air)
        VirtualSensor(air, device, PELVIS, radio=LinkPlan(jitter_s=0.004))
        await program.listen(PELVIS)
        await asyncio.sleep(60.0)
        sent_s = np.array([packet.time_s for packet in device.log])[: len(program.arrivals)]
        return np.array([time_s for time_s, _ in program.arrivals]) - sent_s

    lag_s = on_air(story)

    assert lag_s.min() >= 0.0
    # on average half an interval and the mean jitter
    assert lag_s.mean() == pytest.approx(0.0075 + 0.004, abs=0.001)
    assert lag_s.max() > 0.02


def test_the_same_seed_gives_the_same_arrivals(on_air: OnAir, listener: Any, logged_device: Any) -> None:
    async def story(air: Air) -> list[tuple[float, bytes]]:
        VirtualSensor(air, logged_device(), PELVIS, radio=LinkPlan(stalls_per_min=20.0))
        VirtualSensor(air, logged_device(), ANKLE)
        programs = [listener(air), listener(air)]
        for program, address in zip(programs, (PELVIS, ANKLE), strict=True):
            await program.listen(address)
        await asyncio.sleep(5.0)
        return programs[0].arrivals + programs[1].arrivals

    first, again, other = on_air(story, seed=5), on_air(story, seed=5), on_air(story, seed=6)

    assert first == again
    assert first != other


def test_the_speed_of_the_simulation_changes_nothing(
    on_air: OnAir, listener: Any, logged_device: Any
) -> None:
    async def story(air: Air) -> list[tuple[float, bytes]]:
        VirtualSensor(air, logged_device(), PELVIS)
        program = listener(air)
        await program.listen(PELVIS)
        await asyncio.sleep(5.0)
        return list(program.arrivals)

    at_once, paced = on_air(story), on_air(story, speed=20.0)

    assert [data for _, data in paced] == [data for _, data in at_once]
    assert [time_s for time_s, _ in paced] == pytest.approx([time_s for time_s, _ in at_once], abs=1e-6)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("powered_off", BleakBluetoothNotAvailableReason.POWERED_OFF),
        ("no_bluetooth", BleakBluetoothNotAvailableReason.NO_BLUETOOTH),
        ("denied_by_user", BleakBluetoothNotAvailableReason.DENIED_BY_USER),
    ],
)
def test_without_an_adapter_nothing_is_scanned_or_connected(
    on_air: OnAir, trouble: Any, reason: BleakBluetoothNotAvailableReason
) -> None:
    async def story(air: Air) -> None:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        (device, _) = (await scan(air))[PELVIS]
        air.power_off(trouble)
        with pytest.raises(BleakBluetoothNotAvailableError) as scanning:
            await scan(air)
        with pytest.raises(BleakBluetoothNotAvailableError) as connecting:
            await BleakClient(device, backend=client_backend(air)).connect()
        assert scanning.value.reason is connecting.value.reason is reason
        air.power_on()
        assert set(await scan(air)) == {PELVIS}

    on_air(story)


def test_a_connection_can_be_opened_by_address(on_air: OnAir) -> None:
    async def story(air: Air) -> None:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        async with BleakClient(PELVIS, backend=client_backend(air)) as client:
            assert client.is_connected
        with pytest.raises(BleakDeviceNotFoundError):
            await BleakClient(ANKLE, timeout=3.0, backend=client_backend(air)).connect()

    on_air(story)


@pytest.mark.parametrize("steps", range(12))
def test_connecting_can_be_given_up_at_any_step(on_air: OnAir, steps: int) -> None:
    async def story(air: Air) -> None:
        VirtualSensor(air, OpenProfile(still), PELVIS)
        given_up = asyncio.create_task(air.connect(PELVIS))
        for _ in range(steps):
            await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        async with BleakClient(PELVIS, backend=client_backend(air)) as client:
            assert await client.read_gatt_char(INFO)

    on_air(story)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Host, "on_packet"), (AirController, "send_hci_packet")],
    ids=["as it comes", "before"],
)
def test_a_client_can_be_given_up_as_any_packet_comes(
    on_air: OnAir, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    pass_on = getattr(owner, name)
    failures: list[dict[str, Any]] = []

    async def given_up_at(packet: int, air: Air) -> bool:
        """Give up at a packet for the computer; return whether it was connected before."""
        passed = 0

        def passing(on_the_way: Any, data: Any) -> None:
            nonlocal passed
            passed += on_the_way in (air.host.host, air.medium.computer)
            if passed == packet:
                connecting.cancel()
            pass_on(on_the_way, data)

        asyncio.get_running_loop().set_exception_handler(lambda _, failure: failures.append(failure))
        VirtualSensor(air, OpenProfile(still), PELVIS)
        monkeypatch.setattr(owner, name, passing)
        connecting = asyncio.create_task(BleakClient(PELVIS, backend=client_backend(air)).connect())
        await asyncio.wait([connecting])
        return passed < packet

    for packet in range(1, 200):
        if on_air(partial(given_up_at, packet)):
            break
    assert packet > 20
    assert failures == []


def test_an_error_in_the_firmware_of_a_device_is_raised(on_air: OnAir) -> None:
    class Broken(OpenProfile):
        def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
            raise ZeroDivisionError(characteristic)

    async def story(air: Air) -> None:
        VirtualSensor(air, Broken(still), PELVIS)
        client = await connect(air, PELVIS)
        with pytest.raises(BleakError):
            await client.read_gatt_char(INFO)

    with pytest.raises(ZeroDivisionError):
        on_air(story)


def test_without_bumble_the_hint_names_it() -> None:
    program = (
        "import sys; sys.modules['bumble'] = None\n"
        "from imu_reps.errors import UsageError\n"
        "try:\n    import imu_reps.sim.radio.air\n"
        "except UsageError as error:\n    print(error.hint)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "pip install 'imu-reps[virtual]'" in result.stdout


@pytest.mark.soak
def test_ten_minutes_of_two_sensors_at_200_hz_arrive_completely(
    on_air: OnAir, listener: Any, logged_device: Any
) -> None:
    async def story(air: Air) -> None:
        programs, devices = [listener(air), listener(air)], [logged_device(), logged_device()]
        for device, program, address in zip(devices, programs, (PELVIS, ANKLE), strict=True):
            VirtualSensor(air, device, address, radio=LinkPlan(stalls_per_min=6.0))
            client = await program.listen(address)
            await client.write_gatt_char(CONTROL, b"\x03\xc8\x00", response=True)
        await asyncio.sleep(600.0)
        for program, device in zip(programs, devices, strict=True):
            assert len(program.data) > 11_990
            assert program.data == [packet.data for packet in device.log][: len(program.data)]

    on_air(story)
