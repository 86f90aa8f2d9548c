"""What can go wrong with the radio, in words: one line and the mend, for each system where it differs."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field

from imu_reps.errors import RadioError


@dataclass(frozen=True, slots=True)
class Trouble:
    """One cause.

    Attributes
    ----------
    message : str
        With ``{who}`` for the sensor.
    mend : str
        What to do about it on any system.
    mends : dict
        What to do where it differs, by `platform.system`.
    """

    message: str
    mend: str
    mends: dict[str, str] = field(default_factory=dict)


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
            "Darwin": "Allow the terminal under System Settings > Privacy & Security > Bluetooth "
            "and start it again.",
            "Windows": "Allow desktop apps to control radios under Settings > Privacy & security > Radios.",
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
        "a sensor that is connected elsewhere cannot be seen.",
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
    """The error for a cause, with the mend for this operating system.

    Parameters
    ----------
    code : str
        One of `TROUBLES`.
    who : str
        The sensor, as the words begin: ``The ankle sensor``.
    detail : str, optional
        What was seen, added in brackets.
    """
    trouble = TROUBLES[code]
    sentence = trouble.message.format(who=_within(trouble.message, who))
    message = f"{sentence[:-1]} ({detail})." if detail else sentence
    return RadioError(message, hint=trouble.mends.get(platform.system(), trouble.mend), code=code)


def _within(message: str, who: str) -> str:
    """`who` with a small article where it does not open the sentence."""
    return who if message.startswith("{who}") else who.replace("The ", "the ")
