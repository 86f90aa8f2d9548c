"""The sides against each other, a line a quantity; the direction is always said."""

from __future__ import annotations

from collections.abc import Iterable

from imu_reps.domain.sides import SideComparison, SideDifference, SideQuantity
from imu_reps.report.figures import counted, listed, written

#: What a quantity is called, and how the side with the larger value is told.
_QUANTITIES: dict[SideQuantity, tuple[str, str]] = {
    "range_deg": ("range", "the {side} leg moves further"),
    "concentric_s": ("way up", "the {side} leg goes up more slowly"),
    "eccentric_s": ("way down", "the {side} leg comes down more slowly"),
    "pelvic_tilt_deg": ("forward tilt", "the pelvis tips further with the {side} leg"),
    "pelvic_rotation_deg": ("turn of the pelvis", "the pelvis turns further with the {side} leg"),
    "lift_off_angle_deg": ("floor angle", "the back lets go higher up with the {side} leg"),
    "clean_share": ("clean reps", "more reps are clean with the {side} leg"),
}


def side_lines(comparisons: Iterable[SideComparison]) -> list[str]:
    """What differs between left and right, and what does not.

    Examples
    --------
    >>> difference = SideDifference("range_deg", 62.0, 48.0, "deg", "different")
    >>> side_lines([SideComparison("single_leg_raise", 12, 12, (difference,))])[1]
    '• range: left 62°, right 48°: the left leg moves further.'
    """
    lines = []
    for comparison in comparisons:
        left, right = counted(comparison.left_reps, "rep"), counted(comparison.right_reps, "rep")
        name = comparison.exercise.replace("_", " ").capitalize()
        lines.append(f"{name}, {left} left and {right} right:")
        lines += [f"• {_line(d)}" for d in comparison.differences if d.verdict != "equal"]
        equal = [_QUANTITIES[d.what][0] for d in comparison.differences if d.verdict == "equal"]
        if equal:
            lines.append(f"• equal, as far as these sensors and your own scatter tell: {listed(equal)}.")
    return lines


def _line(difference: SideDifference) -> str:
    what, direction = _QUANTITIES[difference.what]
    larger = "left" if difference.left > difference.right else "right"
    left, right = (written(value, difference.unit) for value in (difference.left, difference.right))
    doubt = ", worth watching" if difference.verdict == "watch" else ""
    return f"{what}: left {left}, right {right}: {direction.format(side=larger)}{doubt}."
