"""The computer's Bluetooth: results of a scan, behaviour of a connection, classification of failures."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import replace

import pytest
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.device import BLEDevice
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from imu_reps.errors import RadioError
from imu_reps.sensors.ble import Radio
from imu_reps.sensors.radio_errors import (
    BY_BUS_NAME,
    BY_CLASS,
    BY_NUMBER,
    BY_REASON,
    BY_TEXT,
    TROUBLES,
    cause,
    radio_error,
    words,
)
from imu_reps.sensors.wire import BATTERY_LEVEL
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.link_plan import BLUEZ, Quirks
from imu_reps.sim.radio.virtual_sensor import Board

STREAM = "ba1a0002-b277-4069-b9f6-a8d937c46c72"
INFO = "ba1a0003-b277-4069-b9f6-a8d937c46c72"
CONTROL = "ba1a0004-b277-4069-b9f6-a8d937c46c72"
ANKLE = "F0:00:00:00:00:02"


async def connected(both, lost=lambda: None, address=ANKLE):
    found = await both.radio.find(address, 5.0)
    connection = both.radio.connection(found, lost)
    await connection.open()
    return connection


def test_a_scan_finds_both_strongest_first_with_their_advertisements(on_bench):
    async def scanning(both):
        both.sensors["ankle"].board = replace(both.sensors["ankle"].board, rssi_dbm=-40)
        return await both.radio.scan(5.0)

    found = on_bench(scanning, sensor={"board": Board(rssi_dbm=-80)})

    assert [one.host_id for one in found] == [ANKLE, "F0:00:00:00:00:01"]
    assert found[0].rssi_dbm > -60 > found[1].rssi_dbm
    assert found[0].advertisement.name == "IMUREPS-P1A2B"
    assert found[0].advertisement.service_uuids == ("ba1a0001-b277-4069-b9f6-a8d937c46c72",)


def test_a_scan_ends_as_soon_as_enough_is_found_and_otherwise_in_time(on_bench):
    async def scanning(both):
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        both_found = await both.radio.scan(30.0, lambda found: len(found) == 2)
        early_s = loop.time() - began_s
        await both.radio.scan(7.0)
        return both_found, early_s, loop.time() - began_s - early_s

    both_found, early_s, whole_s = on_bench(scanning)

    assert len(both_found) == 2
    assert early_s < 1.0
    assert whole_s == pytest.approx(7.0, abs=0.1)


def test_a_system_that_never_answers_delays_a_scan_by_a_few_seconds_only(on_bench):
    async def scanning(both):
        class Restarting(scanner_backend(both.air)):
            answers = False

            async def start(self):
                if not self.answers:
                    await asyncio.Event().wait()
                await super().start()

        radio, began_s = Radio(scanner_backend=Restarting), asyncio.get_running_loop().time()
        with pytest.raises(RadioError) as caught:
            await radio.scan(2.0)
        waited_s = asyncio.get_running_loop().time() - began_s
        Restarting.answers = True
        return caught.value.code, waited_s, await radio.scan(2.0)

    code, waited_s, found = on_bench(scanning)

    assert code == "scan_failed"
    assert waited_s < 10.0
    assert len(found) == 2


def test_a_sensor_that_a_killed_program_left_connected_is_found_without_advertising(on_bench):
    class Held(BaseBleakAdapter):
        @classmethod
        async def get(cls, **_):
            return cls()

        async def get_connected_devices(self, service_uuids):
            return [BLEDevice("F0:00:00:00:00:09", "WT901BLE68", {})] if service_uuids else []

    async def scanning(both):
        radio = Radio(
            scanner_backend=scanner_backend(both.air),
            client_backend=client_backend(both.air),
            adapter_backend=Held,
        )
        return await radio.find("F0:00:00:00:00:09", 5.0), await radio.scan(2.0)

    held, received = on_bench(scanning)

    assert (held.advertisement.name, held.rssi_dbm) == ("WT901BLE68", None)
    assert len(received) == 3
    assert received[-1].host_id == held.host_id


def test_scans_and_connections_wait_for_one_another(on_bench):
    async def crowding(both):
        found = await both.radio.find(ANKLE, 5.0)
        connection = both.radio.connection(found, lambda: None)
        await asyncio.gather(both.radio.scan(3.0), connection.open(), both.radio.scan(3.0))
        uuid, _ = await connection.read(INFO)
        await connection.close()
        return uuid

    assert on_bench(crowding, quirks=Quirks(busy_scanning=True)) == INFO


def test_a_connection_reads_writes_and_receives(on_bench):
    async def exchanging(both):
        received = []
        connection = await connected(both)
        info = await connection.read(("00000000-0000-1000-8000-00805f9b34fb", INFO))
        await connection.subscribe(STREAM.upper(), lambda *what: received.append(what))
        await connection.write(CONTROL, b"\x01", True)
        await asyncio.sleep(2.0)
        await connection.unsubscribe_all()
        streamed = len(received)
        await asyncio.sleep(1.0)
        await connection.close()
        return info, received, streamed

    info, received, streamed = on_bench(exchanging)

    assert info[0] == INFO
    assert info[1].endswith(b"IMUREPS-P1A2B")
    assert {uuid for uuid, _ in received} == {STREAM}
    assert {type(data) for _, data in received} == {bytes}
    assert 35 <= streamed <= 41
    assert len(received) == streamed


def test_a_characteristic_is_found_by_any_of_its_uuids_or_not_at_all(on_bench):
    async def looking(both):
        connection = await connected(both)
        read = [await connection.read(one) for one in (BATTERY_LEVEL, ("no such", INFO))]
        with pytest.raises(RadioError) as caught:
            await connection.read("no such")
        await connection.close()
        return [uuid for uuid, _ in read], caught.value.code

    assert on_bench(looking) == ([BATTERY_LEVEL, INFO], "wrong_device")


def test_a_broken_link_is_reported_once_and_a_closed_one_is_not(on_bench):
    async def breaking(both):
        events = []
        connection = await connected(both, lambda: events.append("broke"))
        both.sensors["ankle"].drop_link()
        await asyncio.sleep(2.0)
        await connection.close()
        second = await connected(both, lambda: events.append("closed"))
        await second.close()
        await asyncio.sleep(1.0)
        return events

    assert on_bench(breaking) == ["broke"]


def test_notifications_while_a_connection_closes_are_ignored(on_bench):
    async def closing(both):
        received = []
        connection = await connected(both)
        await connection.subscribe(STREAM, lambda *what: received.append(what))
        await connection.write(CONTROL, b"\x01", True)
        await asyncio.sleep(1.0)
        before = len(received), len(both.delivered[ANKLE])
        await connection.close()
        return before, (len(received), len(both.delivered[ANKLE]))

    (received_before, delivered_before), (received, delivered) = on_bench(
        closing, quirks=BLUEZ
    )  # closing takes two seconds there

    assert received == received_before == delivered_before
    assert delivered > delivered_before + 30


def test_a_connection_reopened_after_a_drop_delivers_nothing_twice(on_bench):
    async def again(both):
        received = []
        connection = await connected(both)
        both.sensors["ankle"].drop_link()
        await asyncio.sleep(2.0)
        await connection.open()
        await connection.subscribe(STREAM, lambda *what: received.append(what))
        await connection.write(CONTROL, b"\x01", True)
        await asyncio.sleep(2.0)
        await connection.close()
        return received

    received = on_bench(again, quirks=BLUEZ)

    assert len(received) > 30
    assert len(set(received)) == len(received)


@pytest.mark.parametrize(
    ("quirks", "wait_s"),
    [
        (Quirks(settle_s=0.3), 0.0),
        (Quirks(cut_discoveries=(1,)), 0.0),
        (Quirks(cut_discoveries=(1, 2)), 0.0),
        (Quirks(forgets_s=5.0), 10.0),
    ],
    ids=["input/output error", "discovery cut off", "cut off twice", "forgotten until the next scan"],
)
def test_failures_that_need_only_another_try_get_it(on_bench, quirks, wait_s):
    async def reconnecting(both):
        connection = await connected(both)
        await connection.close()
        await asyncio.sleep(wait_s)
        await connection.open()
        uuid, _ = await connection.read(INFO)
        await connection.close()
        return uuid

    assert on_bench(reconnecting, quirks=quirks) == INFO


def test_a_sensor_that_has_gone_is_given_up_in_bounded_time(on_bench):
    async def gone(both):
        found = await both.radio.find(ANKLE, 5.0)
        both.sensors["ankle"].vanish()
        connection = both.radio.connection(found, lambda: None)
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(RadioError) as caught:
            await connection.open()
        return caught.value, asyncio.get_running_loop().time() - began_s

    error, took_s = on_bench(gone)

    assert error.code == "connect_failed"
    assert ANKLE in error.message
    assert "did not answer in time" in error.message
    assert took_s < 45.0


def test_a_write_to_a_sensor_that_has_gone_fails_as_a_radio_error_in_bounded_time(on_bench):
    async def gone(both):
        connection = await connected(both)
        both.sensors["ankle"].vanish()
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(RadioError) as caught:
            await connection.write(CONTROL, b"\x01", True)
        took_s = asyncio.get_running_loop().time() - began_s
        with pytest.raises(RadioError):
            await connection.read(INFO)
        await connection.close()
        with pytest.raises(RadioError):
            await connection.write(CONTROL, b"\x01", True)
        return caught.value.code, took_s

    code, took_s = on_bench(gone)

    assert code == "connect_failed"
    assert took_s <= 5.0


def noting_radio(air, failure=None):
    """Return a radio that notes how sensors are subscribed to, and raises `failure` if there is one."""
    notify_options = []

    class Noting(client_backend(air)):
        async def start_notify(self, characteristic, callback, **options):
            notify_options.append(options["bluez"]["use_start_notify"])
            if failure:
                raise failure
            await super().start_notify(characteristic, callback, **options)

    return notify_options, Radio(scanner_backend=scanner_backend(air), client_backend=Noting)


def test_a_sensor_is_subscribed_to_for_this_program_alone(on_bench):
    async def subscribing(both):
        notify_options, radio = noting_radio(both.air)
        for _ in range(2):
            connection = radio.connection(await radio.find(ANKLE, 5.0), lambda: None)
            await connection.open()
            received = asyncio.Event()
            await connection.subscribe(STREAM, lambda *_, received=received: received.set())
            await connection.write(CONTROL, b"\x01", True)
            await asyncio.wait_for(received.wait(), 5.0)
            await connection.close()
        return notify_options

    assert on_bench(subscribing) == [False, False]


def test_a_sensor_that_then_sends_nothing_is_subscribed_to_plainly(on_bench):
    async def subscribing(both):
        notify_options, radio = noting_radio(both.air)
        connection = radio.connection(await radio.find(ANKLE, 5.0), lambda: None)
        await connection.open()
        await connection.subscribe(STREAM, lambda *_: None)
        await connection.unsubscribe_all()
        await connection.subscribe(STREAM, lambda *_: None)
        await connection.close()
        return notify_options

    assert on_bench(subscribing) == [False, True]


@pytest.mark.faults
@pytest.mark.parametrize(
    "failure",
    [
        BleakDBusError("org.bluez.Error.InProgress", []),  # the other program subscribed plainly
        BleakDBusError(
            "org.bluez.Error.NotPermitted", ["Notify acquired"]
        ),  # the other program subscribed exclusively
    ],
    ids=repr,
)
def test_a_sensor_subscribed_to_by_another_program_is_in_use(on_bench, failure):
    async def subscribing(both):
        _, radio = noting_radio(both.air, failure)
        connection = radio.connection(await radio.find(ANKLE, 5.0), lambda: None)
        await connection.open()
        try:
            await connection.subscribe(STREAM, lambda *_: None)
        finally:
            await connection.close()

    with pytest.raises(RadioError, match="in use by another program") as refused:
        on_bench(subscribing)
    assert refused.value.code == "in_use"


REASON = BleakBluetoothNotAvailableReason


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (BleakBluetoothNotAvailableError("", REASON.POWERED_OFF), "bluetooth_off"),
        (BleakBluetoothNotAvailableError("", REASON.NO_BLUETOOTH), "no_adapter"),
        (BleakBluetoothNotAvailableError("", REASON.NO_BLE_CENTRAL_ROLE), "no_adapter"),
        (BleakBluetoothNotAvailableError("", REASON.DENIED_BY_USER), "no_permission"),
        (BleakBluetoothNotAvailableError("", REASON.DENIED_BY_SYSTEM), "no_permission"),
        (BleakBluetoothNotAvailableError("", REASON.DENIED_BY_UNKNOWN), "no_permission"),
        (BleakBluetoothNotAvailableError("", REASON.UNKNOWN), "no_service"),
        (BleakDeviceNotFoundError("F0", "Device with address F0 was not found."), "not_found"),
        (BleakCharacteristicNotFoundError("2a19"), "wrong_device"),
        (BleakGATTProtocolError(0x05), "refused"),
        (BleakError("adapter 'hci7' not found"), "no_adapter"),
        (BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"]), "bluetooth_off"),
        (BleakDBusError("org.bluez.Error.Failed", ["Input/output error"]), None),
        (BleakDBusError("org.bluez.Error.InProgress", []), None),
        (BleakDBusError("org.bluez.Error.NotPermitted", ["Notify acquired"]), "in_use"),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["org.bluez"]), "no_service"),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["Rejected"]), "no_permission"),
        (BleakDBusError("org.freedesktop.DBus.Error.UnknownObject", ["gone"]), "not_found"),
        (FileNotFoundError(2, "No such file"), "no_service"),
        (ConnectionRefusedError(111, "refused"), "no_service"),
        (PermissionError(13, "denied"), "no_permission"),
        # Windows: signed numbers, text in the user's language
        (OSError(-2147024874, "Das Gerät erkennt den Befehl nicht"), "confused"),
        (OSError(22, "bad command", None, -2147024874), "confused"),
        (OSError(-2147020577, "The device is not ready for use"), "bluetooth_off"),
        (OSError(-2147024891, "Access is denied"), "no_permission"),
        (OSError(-2140864507, "authentication"), "refused"),
        (OSError(-2147483629, "The object has been closed"), None),
        (BleakError("Could not get GATT services: Unreachable"), "unreachable"),
        (BleakError("Could not get GATT services: Access Denied"), "in_use"),
        # macOS
        (
            BleakError('<NSError: Domain=CBErrorDomain Code=14 "Peer removed pairing information">'),
            "pairing_lost",
        ),
        (TimeoutError(), None),
        (EOFError(), None),
    ],
    ids=repr,
)
def test_failures_of_bleak_and_the_system_are_classified(failure, code):
    assert cause(failure) == code
    assert words(failure)


def test_a_failure_without_a_message_gets_one():
    assert words(TimeoutError()) == "it did not answer in time"
    assert words(AssertionError()) == "the link has gone"
    assert words(EOFError()) == "the system's Bluetooth service has gone"
    assert words(BleakDBusError("org.bluez.Error.Failed", [])) == "org.bluez.Error.Failed"


def test_every_cause_has_a_message_and_a_hint():
    causes = {*BY_CLASS.values(), *BY_REASON.values(), *BY_BUS_NAME.values(), *BY_TEXT.values()}
    causes |= set(BY_NUMBER.values())

    assert causes <= TROUBLES.keys()
    for code in TROUBLES:
        error = radio_error(code, "The ankle sensor", "detail")
        assert error.exit_code == 3
        assert error.code == code
        assert "{" not in error.message
        assert error.message.endswith("(detail).")
        assert error.hint.endswith(".")


@pytest.mark.parametrize(
    ("system", "part"),
    [("Linux", "bluetoothctl power on"), ("Darwin", "System Settings"), ("Windows", "Bluetooth & devices")],
)
def test_the_hint_is_that_of_the_system(monkeypatch, system, part):
    monkeypatch.setattr(platform, "system", lambda: system)

    assert part in radio_error("bluetooth_off").hint


@pytest.mark.parametrize(
    ("system", "code", "part"),
    [
        ("Windows", "unreachable", "remove it there"),  # paired, but out of reach
        ("Windows", "confused", "driver"),
        ("Windows", "no_permission", "Privacy & security"),
        ("Windows", "not_found", "address has changed"),
        ("Darwin", "not_found", "id of its own"),
        ("Darwin", "no_permission", "terminal"),
        ("Darwin", "pairing_lost", "Forget This Device"),
        ("Linux", "pairing_lost", "bluetoothctl remove"),
    ],
)
def test_system_specific_causes_are_in_the_hint(monkeypatch, system, code, part):
    monkeypatch.setattr(platform, "system", lambda: system)

    assert part in radio_error(code, "The ankle sensor").hint


@pytest.mark.parametrize(
    "failure", [OSError(-2147024874, "bad command"), BleakError("services: Unreachable")]
)
def test_transient_windows_failures_are_retried(on_bench, failure):
    async def connecting(both):
        tries = []

        class Moody(client_backend(both.air)):
            async def connect(self, *options, **more):
                tries.append(failure)
                if len(tries) < 3:
                    raise failure
                await super().connect(*options, **more)

        radio = Radio(scanner_backend=scanner_backend(both.air), client_backend=Moody)
        connection = radio.connection(await radio.find(ANKLE, 5.0), lambda: None)
        await connection.open()
        await connection.close()
        return len(tries)

    assert on_bench(connecting) == 3


def test_an_unknown_system_gets_a_hint_too(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Plan9")

    assert radio_error("bluetooth_off").hint == "Switch Bluetooth on and try again."
