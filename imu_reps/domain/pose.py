"""Where leg and pelvis are at one instant, as it is known while the set runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pose:
    """Angles as docs/definitions.md#angles says, causal and not low-passed; None: not measured.

    Attributes
    ----------
    time_s : float
    leg_elevation_deg, pelvic_tilt_deg, pelvic_rotation_deg : float or None
    """

    time_s: float
    leg_elevation_deg: float | None
    pelvic_tilt_deg: float | None
    pelvic_rotation_deg: float | None
