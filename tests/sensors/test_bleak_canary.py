"""The installed bleak still behaves as this package relies on; each test says what breaks otherwise.

Backends of other systems cannot be imported, so their source is read.
"""

# ruff: noqa: ARG002 - backends are called with more arguments than the minimal ones need
from __future__ import annotations

import ast
import asyncio
import builtins
import importlib.metadata
import inspect
from pathlib import Path
from typing import Any, ClassVar

import bleak
import pytest
from bleak import BleakAdapter, BleakClient, BleakScanner, exc
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection

from imu_reps.sensors.radio_errors import BY_BUS_NAME, BY_CLASS, BY_REASON

BACKENDS = Path(bleak.__file__).parent / "backends"
SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"


def source(path: str) -> str:
    return (BACKENDS / path).read_text(encoding="utf-8")


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


class MinimalClient(BaseBleakClient):
    """Minimal connectable backend that notes how it was built and called."""

    built: ClassVar[dict[str, Any]] = {}

    def __init__(self, address_or_ble_device: Any, **settings: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=settings["disconnected_callback"],
            timeout=settings["timeout"],
        )
        type(self).built = {"device": address_or_ble_device, **settings}
        self.written: list[tuple[bytes, bool]] = []
        self.linked = False
        self.listener: Any = None

    mtu_size = 23  # type: ignore[assignment]
    is_connected = property(lambda self: self.linked)  # type: ignore[assignment]

    async def connect(self, pair: bool, **_: Any) -> None:
        service = BleakGATTService(None, 1, SERVICE)
        self.services = BleakGATTServiceCollection()
        self.services.add_service(service)
        self.services.add_characteristic(
            BleakGATTCharacteristic(None, 2, NOTIFY, ["notify", "write"], lambda: 20, service)
        )
        self.linked = True

    async def disconnect(self) -> None:
        self.linked = False

    async def pair(self, *_: Any, **__: Any) -> None: ...

    async def unpair(self) -> None: ...

    async def read_gatt_char(self, characteristic: Any, **_: Any) -> bytearray:
        return bytearray(b"read")

    async def read_gatt_descriptor(self, descriptor: Any, **_: Any) -> bytearray:
        return bytearray()

    async def write_gatt_char(self, characteristic: Any, data: Any, response: bool) -> None:
        self.written.append((bytes(data), response))

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None: ...

    async def start_notify(self, characteristic: Any, callback: Any, **_: Any) -> None:
        self.listener = callback

    async def stop_notify(self, characteristic: Any) -> None:
        self.listener = None


class MinimalScanner(BaseBleakScanner):
    """Minimal scanner backend that detects one device as soon as it starts."""

    built: ClassVar[dict[str, Any]] = {}
    running: ClassVar[bool] = False

    def __init__(self, callback: Any, services: Any, _mode: str, **settings: Any) -> None:
        super().__init__(callback, services)
        type(self).built = settings

    async def start(self) -> None:
        type(self).running = True
        advertisement = AdvertisementData("WT901", {0x0059: b"\x01"}, {}, [SERVICE], None, -61, ())
        self.call_detection_callbacks(BLEDevice("F0", "WT901", {}), advertisement)

    async def stop(self) -> None:
        type(self).running = False


async def connected(**settings: Any) -> BleakClient:
    client = BleakClient(BLEDevice("F0", "WT901", {}), backend=MinimalClient, **settings)
    await client.connect()
    return client


def test_the_version_is_a_known_one() -> None:
    """Everything below was written against bleak 3."""
    assert importlib.metadata.version("bleak").split(".")[0] == "3"


def test_causes_are_looked_up_by_names_that_exist() -> None:
    """Otherwise `radio_errors` calls every failure a failed connection."""
    of_bus = pytest.importorskip("dbus_fast.errors", reason="only Linux has a bus")
    for name in BY_CLASS:
        assert hasattr(exc, name) or hasattr(of_bus, name) or issubclass(getattr(builtins, name), OSError)
    assert set(BY_REASON) == {reason.name for reason in exc.BleakBluetoothNotAvailableReason}


def test_all_errors_of_bleak_share_a_base_class() -> None:
    """Otherwise some pass `ble.RADIO_FAILURES` and end as tracebacks."""
    names = [*BY_CLASS, "BleakBluetoothNotAvailableError", "BleakDBusError"]
    for name in names:
        kind = getattr(exc, name, None)
        assert kind is None or issubclass(kind, exc.BleakError)


def test_errors_carry_reason_and_bus_name() -> None:
    """Otherwise disabled Bluetooth and a missing service look the same as a failed connection."""
    reason = exc.BleakBluetoothNotAvailableReason.POWERED_OFF

    assert exc.BleakBluetoothNotAvailableError("off", reason).reason is reason
    assert exc.BleakDBusError("org.bluez.Error.Failed", ["text"]).dbus_error == "org.bluez.Error.Failed"
    assert exc.BleakDBusError("org.bluez.Error.Failed", ["text"]).args[-1] == "text"


def test_linux_errors_keep_their_names() -> None:
    """Otherwise `radio_errors.BY_BUS_NAME` does not match them."""
    known = source("bluezdbus/defs.py")
    for name in BY_BUS_NAME:
        assert not name.startswith("org.bluez") or f'"{name}"' in known


def test_a_time_out_is_the_builtin_one() -> None:
    """Otherwise a sensor that does not answer is not recognised as such, or not caught."""
    assert asyncio.TimeoutError is TimeoutError
    assert issubclass(TimeoutError, OSError)


def test_a_client_takes_a_backend_and_a_found_device_and_does_not_scan() -> None:
    """Otherwise virtual sensors cannot be used, or a hidden scan on connecting disturbs the other sensor."""
    device = BLEDevice("F0", "WT901", {})
    BleakClient(
        device,
        lambda _: None,
        timeout=7.0,
        bluez={"adapter": "hci1"},
        winrt={"use_cached_services": False},
        backend=MinimalClient,
    )

    assert MinimalClient.built["device"] is device
    assert MinimalClient.built["timeout"] == 7.0
    assert MinimalClient.built["bluez"] == {"adapter": "hci1"}
    assert MinimalClient.built["winrt"] == {"use_cached_services": False}
    assert "if self._device_path is None:" in source("bluezdbus/client.py")
    assert "if self._device_info is None:" in source("winrt/client.py")


def test_a_scanner_takes_a_backend_and_is_a_context_manager() -> None:
    """Otherwise `Radio.scan` finds nothing, or goes on scanning while it connects."""

    async def scanning() -> list[tuple[BLEDevice, AdvertisementData]]:
        received: list[tuple[BLEDevice, AdvertisementData]] = []
        async with BleakScanner(
            lambda device, advertisement: received.append((device, advertisement)),
            backend=MinimalScanner,
            bluez={"adapter": "hci1"},
        ):
            assert MinimalScanner.running
        assert not MinimalScanner.running
        return received

    ((device, advertisement),) = asyncio.run(scanning())

    assert MinimalScanner.built["bluez"] == {"adapter": "hci1"}
    assert (device.address, device.name) == ("F0", "WT901")
    assert (advertisement.local_name, advertisement.rssi, advertisement.service_uuids) == (
        "WT901",
        -61,
        [SERVICE],
    )
    assert advertisement.manufacturer_data == {0x0059: b"\x01"}


def test_an_adapter_lists_devices_that_are_already_connected() -> None:
    """Otherwise a sensor that a killed program left connected is not found again."""

    class Held(BaseBleakAdapter):
        @classmethod
        async def get(cls, **_: Any) -> Held:
            return cls()

        async def get_connected_devices(self, service_uuids: frozenset[str]) -> list[BLEDevice]:
            return [BLEDevice("F0", "WT901", {})]

    async def asking() -> list[BLEDevice]:
        adapter = await BleakAdapter.get(bluez={"adapter": "hci1"}, backend=Held)
        return await adapter.get_connected_devices()

    assert [device.address for device in asyncio.run(asking())] == ["F0"]
    assert "if manager.is_connected(self._device_path):" in source("bluezdbus/client.py")
    assert '{"path": path, "props": props}' in source("bluezdbus/adapter.py")  # with its services, its kind


def test_unknown_signal_strength_is_minus_127_on_linux() -> None:
    """Otherwise `ble.NO_RSSI` shows it as a very weak sensor."""
    assert 'props.get("RSSI", -127)' in source("bluezdbus/scanner.py")


def test_connecting_gives_services_that_can_be_searched_by_uuid() -> None:
    """Otherwise no characteristic is found and every sensor counts as the wrong device."""

    async def looking() -> list[str]:
        client = await connected()
        return [one.uuid for one in client.services.characteristics.values()]

    assert asyncio.run(looking()) == [NOTIFY]


def test_services_without_a_connection_raise_an_error_of_bleak() -> None:
    """Otherwise a link that broke between two steps ends in a traceback."""
    client = BleakClient(BLEDevice("F0", None, {}), backend=MinimalClient)

    with pytest.raises(exc.BleakError):
        _ = client.services


def test_notifications_come_as_characteristic_and_bytearray() -> None:
    """Otherwise nothing can be decoded; data that is kept must be copied, since bleak may reuse it."""

    async def hearing() -> list[tuple[Any, Any]]:
        received: list[tuple[Any, Any]] = []
        client = await connected()
        characteristic = client.services.characteristics[2]
        await client.start_notify(characteristic, lambda *what: received.append(what))
        client._backend.listener(bytearray(b"data"))
        return received

    ((sender, data),) = asyncio.run(hearing())

    assert isinstance(sender, BleakGATTCharacteristic)
    assert sender.uuid == NOTIFY
    assert isinstance(data, bytearray)


def test_an_explicit_response_is_passed_on() -> None:
    """Otherwise sensors that acknowledge nothing hang every write, or commands overtake each other."""

    async def writing() -> list[tuple[bytes, bool]]:
        client = await connected()
        for response in (True, False):
            await client.write_gatt_char(client.services.characteristics[2], b"x", response=response)
        return client._backend.written

    assert asyncio.run(writing()) == [(b"x", True), (b"x", False)]


def test_the_disconnected_callback_gets_its_own_client() -> None:
    """Otherwise a late call for an old connection is attributed to the new one."""

    async def breaking() -> bool:
        events: list[BleakClient] = []
        client = await connected(disconnected_callback=events.append)
        client._backend._disconnected_callback()
        return events == [client]

    assert asyncio.run(breaking())


def test_linux_calls_the_disconnected_callback_for_our_own_disconnections_too() -> None:
    """Why `Connection.close` forgets the client before it disconnects; nothing breaks if this changes."""
    client = source("bluezdbus/client.py")
    assert "if self._is_connected:\n                    self._on_disconnected()" in client


def test_disconnecting_without_a_connection_is_harmless_on_linux() -> None:
    """Otherwise `Connection.close` after every drop, which prevents doubled notifications, would fail."""
    client = source("bluezdbus/client.py")
    assert "if self._bus is None:" in client
    assert 'logger.debug("already disconnected (%s)", self._device_path)\n            return' in client


def test_linux_subscribes_for_one_program_alone_if_asked_to() -> None:
    """Otherwise a second program on the same sensor doubles every sample of both."""
    assert 'bluez.get("use_start_notify", True)' in source("bluezdbus/client.py")
    assert 'member="AcquireNotify"' in source("bluezdbus/client.py")
    assert "bluez" in parameters(BleakClient.start_notify)


def test_linux_raises_assertion_errors_where_a_link_has_gone() -> None:
    """Why `ble.RADIO_FAILURES` holds AssertionError."""
    tree = ast.parse(source("bluezdbus/client.py"))
    start_notify = next(node for node in ast.walk(tree) if getattr(node, "name", "") == "start_notify")
    assert any(isinstance(node, ast.Assert) for node in ast.walk(start_notify))


def test_an_interrupted_service_discovery_is_an_error_of_bleak() -> None:
    """Otherwise `Connection.open` does not try again."""
    assert 'raise BleakError("failed to discover services, device disconnected")' in source(
        "bluezdbus/manager.py"
    )


def test_linux_does_not_wait_for_a_sensor_longer_than_the_time_out() -> None:
    """Otherwise a sensor that has gone holds the lock around connecting."""
    assert "async with async_timeout(timeout):" in source("bluezdbus/client.py")


def test_a_missing_adapter_is_named_in_the_text() -> None:
    """`radio_errors.BY_TEXT` recognises a wrong `adapter=` by this text."""
    assert "raise BleakError(f\"adapter '" in source("bluezdbus/manager.py")
