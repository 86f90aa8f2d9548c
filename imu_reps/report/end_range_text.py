"""The results of the two tests as sentences."""

from __future__ import annotations

from imu_reps.domain.end_range import EndRange, Grade, Press
from imu_reps.report.figures import counted, degrees, written

_BANDS: dict[Grade, str] = {"normal": "0–15°", "good": "16–45°", "fair": "46–75°", "poor": "76–90°"}


def end_range_sentences(result: EndRange) -> list[str]:
    """What the end-range test showed on one side, the floor first."""
    legs = {"left": ", left leg", "right": ", right leg"}.get(result.side or "", "")
    told = [f"{result.exercise.replace('_', ' ').capitalize()}{legs}: {_floor(result)}"]
    if result.grade is not None:
        told.append(_grade(result, result.grade))
    if result.too_fast:
        told.append(
            f"{counted(result.too_fast, 'lowering')} left out: too fast. Count to eight on the way down."
        )
    if result.unjudged:
        told.append(f"{counted(result.unjudged, 'lowering')} left out: the pelvis was not measured then.")
    return told


def _floor(result: EndRange) -> str:
    lowerings = f"{result.lowerings} slow {'lowering' if result.lowerings == 1 else 'lowerings'}"
    if result.floor_deg is not None:
        spread = "" if result.spread_deg is None else f" (± {degrees(max(result.spread_deg, 1.0))})"
        return (
            f"your floor angle is about {degrees(result.floor_deg)}{spread}, from {lowerings}. The pelvis "
            "stays flat while the leg is higher: lower no further."
        )
    if result.held_to_deg is not None:
        return f"the pelvis stayed flat down to {degrees(result.held_to_deg)}, in {lowerings}."
    return f"no floor angle, {lowerings} cannot tell. Lower the leg three times, very slowly."


def _grade(result: EndRange, grade: Grade) -> str:
    words = f"Typical grade: {grade} ({_BANDS[grade]} above the floor), certainty {result.certainty}"
    if result.exercise != "double_leg_raise":
        return f"{words}: the grades are those of both legs together."
    return f"{words}. Small studies, no diagnosis."


def press_sentences(press: Press) -> list[str]:
    """What the setup test showed."""
    if not press.pressed:
        return [
            f"The pelvis tipped back by {degrees(press.tilt_deg)} only; that may be nothing.",
            "Bend the knees, breathe out, and tip the pelvis back until the belt buckle points to your chin.",
        ]
    return [
        f"The pelvis tipped back by {degrees(press.tilt_deg)}, held for {written(press.held_s, 's')}.",
        f"Counted from the rest at {written(press.zero_s, 's')}. Whether the back touched the floor these "
        "sensors cannot tell.",
    ]
