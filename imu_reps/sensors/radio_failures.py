"""What the errors of bleak and of the systems under it mean: names and texts to one of our causes.

bleak's errors are told by the names of their classes, so that only `imu_reps.sensors.ble` imports it.
"""

from __future__ import annotations

#: Causes by the name of an error's class.
BY_CLASS = {
    "BleakDeviceNotFoundError": "not_found",
    "BleakCharacteristicNotFoundError": "wrong_device",
    "BleakGATTProtocolError": "refused",
    "PermissionError": "no_permission",
    "FileNotFoundError": "no_service",  # the socket of Linux' message bus
    "ConnectionRefusedError": "no_service",
}
#: Causes by the reason that a `BleakBluetoothNotAvailableError` gives.
BY_REASON = {
    "NO_BLUETOOTH": "no_adapter",
    "NO_BLE_CENTRAL_ROLE": "no_adapter",
    "POWERED_OFF": "bluetooth_off",
    "DENIED_BY_USER": "no_permission",
    "DENIED_BY_SYSTEM": "no_permission",
    "DENIED_BY_UNKNOWN": "no_permission",
    "UNKNOWN": "no_service",
}
#: Causes by the name of an error on Linux' message bus.
BY_BUS_NAME = {
    "org.bluez.Error.NotReady": "bluetooth_off",
    "org.bluez.Error.DoesNotExist": "not_found",
    "org.bluez.Error.NotAuthorized": "refused",
    "org.bluez.Error.NotPermitted": "refused",
    "org.bluez.Error.NotSupported": "refused",
    "org.freedesktop.DBus.Error.AccessDenied": "no_permission",
    "org.freedesktop.DBus.Error.ServiceUnknown": "no_service",
    "org.freedesktop.DBus.Error.NameHasNoOwner": "no_service",
    "org.freedesktop.DBus.Error.NoReply": "no_service",
    "org.freedesktop.DBus.Error.UnknownObject": "not_found",
    "org.freedesktop.DBus.Error.UnknownMethod": "not_found",
}
#: Causes by a part of the text, which says more than any name.
BY_TEXT = {
    "notify acquired": "in_use",
    "write acquired": "in_use",
    "access denied": "in_use",  # Windows: another program holds the sensor
    "resource not ready": "bluetooth_off",
    "adapter '": "no_adapter",
}


def cause(failure: BaseException) -> str | None:
    """One of the causes of `imu_reps.sensors.mends`; None where no more is known than that it failed.

    Parameters
    ----------
    failure : BaseException
        From bleak, or from the system under it.
    """
    text = words(failure).lower()
    classes = [kind.__name__ for kind in type(failure).__mro__]
    reason = getattr(getattr(failure, "reason", None), "name", "")
    said = (
        BY_REASON.get(reason),
        next((meaning for part, meaning in BY_TEXT.items() if part in text), None),
        BY_BUS_NAME.get(getattr(failure, "dbus_error", "")),
        next((BY_CLASS[name] for name in classes if name in BY_CLASS), None),
    )
    return next((meaning for meaning in said if meaning), None)


def in_use_by_another(failure: BaseException) -> str | None:
    """The cause why a sensor could not be subscribed to alone: BlueZ says "in progress" if it is already."""
    busy = getattr(failure, "dbus_error", "") == "org.bluez.Error.InProgress"
    return "in_use" if busy else cause(failure)


def words(failure: BaseException) -> str:
    """What the failure says of itself, without a full stop; some say nothing."""
    if isinstance(failure, TimeoutError):
        return "it did not answer in time"
    if isinstance(failure, AssertionError):
        return "the link has gone"
    texts = [part for part in failure.args if isinstance(part, str) and part]
    return (texts[-1] if texts else type(failure).__name__).rstrip(".")
