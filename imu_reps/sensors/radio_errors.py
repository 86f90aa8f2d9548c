"""Errors of the radio: the causes behind exceptions of bleak and the operating systems, with a hint for each.

bleak's exceptions are recognised by class name, so that only `imu_reps.sensors.ble` imports it.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, field

from imu_reps.errors import RadioError


@dataclass(frozen=True, slots=True)
class Trouble:
    """One cause of a radio error.

    Attributes
    ----------
    message : str
        Message, with ``{who}`` for the sensor.
    hint : str
        Hint for any system.
    hints : dict
        Hints for particular systems, by `platform.system`.
    """

    message: str
    hint: str
    hints: dict[str, str] = field(default_factory=dict)


TROUBLES: dict[str, Trouble] = {
    "bluetooth_off": Trouble(
        "Bluetooth is switched off.",
        "Switch Bluetooth on and try again.",
        {
            "Linux": "Run `bluetoothctl power on`, and `rfkill unblock bluetooth` if that is refused.",
            "Darwin": "Switch Bluetooth on in the menu bar or under System Settings > Bluetooth.",
            "Windows": "Switch Bluetooth on under Settings > Bluetooth & devices.",
        },
    ),
    "no_adapter": Trouble(
        "No Bluetooth Low Energy adapter was found.",
        "Plug in a Bluetooth adapter of version 4.0 or newer and try again.",
        {
            "Linux": "Plug in a Bluetooth adapter, 4.0 or newer; `bluetoothctl list` must show it.",
            "Windows": "Plug in a Bluetooth adapter, 4.0 or newer; the Device Manager must show it.",
        },
    ),
    "no_permission": Trouble(
        "This program may not use Bluetooth.",
        "Allow it in the system's settings and try again.",
        {
            "Linux": "Run `sudo usermod -aG bluetooth $USER`, log out and in, and try again.",
            "Darwin": "Allow the terminal (or the editor it runs in) under System Settings > "
            "Privacy & Security > Bluetooth, close it and start it again.",
            "Windows": "Let desktop apps use radios and devices under Settings > Privacy & security > "
            "Radios, and > Other devices.",
        },
    ),
    "no_service": Trouble(
        "The system's Bluetooth service is not running.",
        "Start the Bluetooth service, or restart the computer.",
        {
            "Linux": "Run `sudo systemctl start bluetooth` (from the package `bluez`, 5.55 or newer).",
            "Windows": "Start the Bluetooth Support Service in the Services app.",
        },
    ),
    "scan_failed": Trouble(
        "Looking for sensors failed.",
        "Switch Bluetooth off and on and try again.",
        {"Linux": "Run `sudo systemctl restart bluetooth` and try again."},
    ),
    "not_found": Trouble(
        "Not found: {who}.",
        "Switch it off and on, move it, bring it near, and disconnect it from any phone or other program: "
        "a sensor that is connected elsewhere cannot be seen. If its address has changed, as after a reset, "
        "run `imu-reps pair` again.",
        {
            "Darwin": "Switch it off and on, move it, bring it near, and disconnect it from any phone or "
            "other program. A Mac gives every sensor an id of its own: if it was paired on another computer "
            "or account, run `imu-reps pair` here.",
        },
    ),
    "in_use": Trouble(
        "{who} is in use by another program.",
        "Close the other program or app that is connected to it and try again.",
    ),
    "connect_failed": Trouble(
        "{who} could not be connected.",
        "Bring it near, switch it off and on, and try again.",
        {
            "Linux": "Bring it near, switch it off and on, and try again; if it goes on, forget it with "
            "`bluetoothctl remove ADDRESS`.",
            "Windows": "Bring it near, switch it off and on, and try again; if it goes on, remove it under "
            "Settings > Bluetooth & devices.",
        },
    ),
    "unreachable": Trouble(
        "{who} is known to the system but does not answer.",
        "Bring it near, switch it off and on, and try again.",
        {
            "Windows": "Bring it near and switch it off and on. Windows takes a device for present once it "
            "is paired: if it is listed under Settings > Bluetooth & devices, remove it there and try again.",
        },
    ),
    "confused": Trouble(
        "The system's Bluetooth has lost track of {who}.",
        "Switch Bluetooth off and on, switch the sensor off and on, and try again.",
        {
            "Windows": "Switch Bluetooth off and on under Settings > Bluetooth & devices, remove the sensor "
            "if it is listed there, and switch it off and on; if it goes on, update the adapter's driver.",
        },
    ),
    "pairing_lost": Trouble(
        "{who} and this computer no longer know each other's pairing.",
        "Remove it in the system's Bluetooth settings, switch it off and on, and try again.",
        {
            "Linux": "Forget it with `bluetoothctl remove ADDRESS`, switch it off and on, and try again.",
            "Darwin": "Under System Settings > Bluetooth choose Forget This Device, switch it off and on, "
            "and try again.",
            "Windows": "Remove it under Settings > Bluetooth & devices, switch it off and on, and try again.",
        },
    ),
    "wrong_device": Trouble(
        "{who} is not the sensor it was taken for.",
        "Run `imu-reps pair` again with the sensors you want to wear.",
    ),
    "unknown_sensor": Trouble(
        "{who} is not a kind of sensor this program can read.",
        "Run `imu-reps scan` to see which sensors are near and can do the job.",
    ),
    "no_stream": Trouble(
        "{who} is connected but sends no samples.",
        "Switch it off and on and try again; if it goes on, charge it.",
    ),
    "too_slow": Trouble(
        "{who} sends too few samples: at least 20 a second are needed.",
        "Switch it off and on and try again; if it goes on, set a higher rate with its maker's app.",
    ),
    "refused": Trouble(
        "{who} would not do what it was asked.",
        "Switch it off and on and try again; if it wants to be paired with the computer, pair it in the "
        "system's Bluetooth settings.",
    ),
    "battery_flat": Trouble("The battery of {who} is empty.", "Charge it and try again."),
}


def radio_error(code: str, who: str = "The sensor", detail: str | None = None) -> RadioError:
    """Return the error for a cause, with the hint for this operating system.

    Parameters
    ----------
    code : str
        One of `TROUBLES`.
    who : str
        The sensor, as the beginning of a sentence: ``The ankle sensor``.
    detail : str, optional
        Observation that is added in brackets.
    """
    trouble = TROUBLES[code]
    sentence = trouble.message.format(who=_within(trouble.message, who))
    message = f"{sentence[:-1]} ({detail})." if detail else sentence
    return RadioError(message, hint=trouble.hints.get(platform.system(), trouble.hint), code=code)


def _within(message: str, who: str) -> str:
    """Return `who` with a lower-case article where it does not begin the sentence."""
    return who if message.startswith("{who}") else who.replace("The ", "the ")


#: Causes by the class name of an exception.
BY_CLASS = {
    "BleakDeviceNotFoundError": "not_found",
    "BleakCharacteristicNotFoundError": "wrong_device",
    "BleakGATTProtocolError": "refused",
    "PermissionError": "no_permission",
    "FileNotFoundError": "no_service",  # the socket of D-Bus on Linux
    "ConnectionRefusedError": "no_service",
    "InvalidAddressError": "no_service",  # DBUS_SYSTEM_BUS_ADDRESS
    "AuthError": "no_permission",
}
#: Causes by the reason of a `BleakBluetoothNotAvailableError`.
BY_REASON = {
    "NO_BLUETOOTH": "no_adapter",
    "NO_BLE_CENTRAL_ROLE": "no_adapter",
    "POWERED_OFF": "bluetooth_off",
    "DENIED_BY_USER": "no_permission",
    "DENIED_BY_SYSTEM": "no_permission",
    "DENIED_BY_UNKNOWN": "no_permission",
    "UNKNOWN": "no_service",
}
#: Causes by the name of a D-Bus error (Linux).
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
#: Causes by a part of the text, which is more specific than any name.
BY_TEXT = {
    "peer removed pairing information": "pairing_lost",  # macOS, CBErrorDomain 14
    "services: unreachable": "unreachable",  # Windows: paired and gone, or out of reach (bleak, issue 740)
    "notify acquired": "in_use",
    "write acquired": "in_use",
    "access denied": "in_use",  # Windows: another program holds the sensor
    "resource not ready": "bluetooth_off",
    "adapter '": "no_adapter",
}


#: Causes by the code of a Windows error (HRESULT), whose text is in the user's language.
BY_NUMBER = {
    0x80070016: "confused",  # does not recognise the command (bleak, issues 1079 and 1968)
    0x800710DF: "bluetooth_off",  # the device is not ready for use: a switched-off adapter
    0x80070005: "no_permission",  # access is denied
    0x80650005: "refused",  # insufficient authentication: pairing required
    0x8065000F: "refused",  # insufficient encryption
}

#: Causes that may pass, so that another attempt makes sense.
PASSING = ("connect_failed", "not_found", "unreachable", "confused")


def cause(failure: BaseException) -> str | None:
    """Return the cause of an exception, a code of `TROUBLES`; None if it is unknown.

    Parameters
    ----------
    failure : BaseException
        Exception of bleak or of the operating system.
    """
    text = words(failure).lower()
    classes = [kind.__name__ for kind in type(failure).__mro__]
    reason = getattr(getattr(failure, "reason", None), "name", "")
    causes = (
        BY_REASON.get(reason),
        next((meaning for number in _numbers(failure) if (meaning := BY_NUMBER.get(number))), None),
        next((meaning for part, meaning in BY_TEXT.items() if part in text), None),
        BY_BUS_NAME.get(getattr(failure, "dbus_error", "")),
        next((BY_CLASS[name] for name in classes if name in BY_CLASS), None),
    )
    return next((meaning for meaning in causes if meaning), None)


def _numbers(failure: BaseException) -> list[int]:
    """Return the codes of a Windows error as unsigned 32-bit integers; they may come signed."""
    if not isinstance(failure, OSError):
        return []
    codes = (getattr(failure, "winerror", None), failure.errno, *failure.args)
    return [code & 0xFFFFFFFF for code in codes if isinstance(code, int)]


def in_use_by_another(failure: BaseException) -> str | None:
    """Return why an exclusive subscription failed: BlueZ reports "in progress" if there is another one."""
    busy = getattr(failure, "dbus_error", "") == "org.bluez.Error.InProgress"
    return "in_use" if busy else cause(failure)


def words(failure: BaseException) -> str:
    """Return the text of an exception without a full stop, or its class name if it has none."""
    if isinstance(failure, TimeoutError):
        return "it did not answer in time"
    if isinstance(failure, EOFError):  # D-Bus
        return "the system's Bluetooth service has gone"
    if isinstance(failure, AssertionError):
        return "the link has gone"
    texts = [part for part in failure.args if isinstance(part, str) and part]
    return (texts[-1] if texts else type(failure).__name__).rstrip(".")
