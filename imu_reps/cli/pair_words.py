"""What pairing says: how to put the sensors on, what is in the way, what was stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imu_reps.domain.recording import Axis
    from imu_reps.session.candidates import Nearby
    from imu_reps.session.wearing import Wear
    from imu_reps.storage.profile import PairedSensor

LIFT = "Lay both sensors down. Now lift the ankle sensor, and turn it about in your hand."
LIFT_AGAIN = "That was not clear. Leave the pelvis sensor lying, lift the ankle sensor and turn it about."
PUT_ON = (
    "Now put them on: the pelvis sensor on a belt at the front, near the hip bone, the ankle sensor just "
    "above the ankle. Lie on your back, legs flat, and keep still."
)


def called(device: Nearby) -> str:
    """A sensor by its name and id."""
    return f"{device.name} ({device.found.host_id})"


def advice(wear: Wear, anterior: Axis) -> str | None:
    """What the wearer should do; None where waiting is all there is to do."""
    match wear.fault:
        case "gravity":
            return (
                f"At rest the {wear.sensor} sensor reads {wear.force_mps2:.1f} m/s² and should read 9.8: "
                "calibrate its accelerometer with its maker's app."
            )
        case "upside_down":
            return (
                f"The pelvis sensor lies the wrong way round, its {anterior} side on your body: turn it over."
            )
        case "on_edge":
            return (
                f"The pelvis sensor's {wear.up_axis} side points up, and its {anterior} side should. If you "
                f"lie on your back, turn the sensor until its {anterior} side faces away from your body."
            )
        case "tilted":
            return (
                f"The pelvis sensor leans by {wear.lean_deg:.0f}°. Move it along the belt to where it lies "
                "flat, nearer to the navel."
            )
    return None


def in_the_way(wear: Wear, anterior: Axis) -> str:
    """Why the sensors' places were not checked to the end."""
    if wear.fault == "no_samples":
        return f"The {wear.sensor} sensor sent too little to see how it is worn."
    return advice(wear, anterior) or f"The {wear.sensor} sensor never lay still."


def sensor_line(sensor: PairedSensor) -> tuple[str, ...]:
    """A stored sensor as cells of a table: name, kind, id, rate, axes."""
    up = f"up {sensor.anterior_axis}" if sensor.anterior_axis else ""
    head = f"head {sensor.cranial_axis}" if sensor.cranial_axis else ""
    axes = ", ".join(filter(None, (up, head))) or "-"
    return sensor.name or "-", sensor.family, sensor.host_id, f"{sensor.rate_hz:g} Hz", axes
