"""Settings: the thresholds of counting and judging. None of them is a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from imu_reps.domain.validation import require_number, require_one_of
from imu_reps.errors import RefusedValueError

Preset = Literal["default", "beginner", "strict"]

#: Sentinel for values that the preset decides; compared by identity.
_BY_PRESET = float("nan")


@dataclass(frozen=True, slots=True)
class Settings:
    """Thresholds of counting and judging; all with their sensitivity: docs/thresholds.md#settings.

    A preset sets values that are not given: ``Settings(preset="beginner").tilt_flag_deg`` is 8. Most have two
    levels: past ``*_watch_*`` it is worth watching, past ``*_flag_*`` it is a fault.

    Attributes
    ----------
    preset : {"default", "beginner", "strict"}
        How strictly the pelvis is judged (ours).
    usual_range_deg : float or None
        The person's usual range, for counting live before the set has shown its own (from their profile).
    min_range_deg, min_range_share : float
        A repetition goes at least so many degrees out and back, and such a share of the set's usual range
        (ours).
    tilt_watch_deg, tilt_flag_deg : float
        Anterior tilt past the flat-back zero (ours: what a sensor, 1°, and skin, 2°, may be wrong by, and
        twice that; at how many degrees a back leaves the floor has not been published).
    lift_off_deg : float
        Anterior tilt that counts as the back letting go (ours, as above).
    rotation_watch_deg, rotation_flag_deg : float
        Pelvic rotation, either direction (2.5 ± 1.7° with a contracted pelvic floor, 6.8 ± 2.8° without: Ko,
        Kim and Oh, J Musculoskelet Sci Technol 2024).
    angle_hold_s : float
        How long an angle must hold to count as reached (ours: shorter is a twitch, or soft tissue).
    momentum_watch, momentum_flag : float
        Share of the rise without muscle (physics: 60° in 2 s have 0, in 1 s 0.06, in 0.8 s 0.19).
    drop_watch, drop_flag : float
        Share of the lowering without muscle (physics, as above).
    one_leg_eccentric_watch_s, one_leg_eccentric_flag_s : float
        A lowering shorter than this is fast (convention: two seconds up, two down).
    two_leg_eccentric_watch_s, two_leg_eccentric_flag_s : float
        A lowering of both legs shorter than this is fast (convention: lower to a count of four).
    peak_speed_watch_dps, peak_speed_flag_dps : float
        Leg speed, judged where momentum cannot be (physics: 60° in 2 s peak at 47 to 56 deg/s).
    heel_touch_mps2 : float
        Impact above the local noise (ours).
    short_range_share : float
        A range under this share of the median or of the target is short (ours).
    floor_margin_deg : float
        A leg this far under the person's floor is below it (ours: what its angle may be wrong by).
    knee_bend_share : float
        How far off the hip may seem to lie, as a share of the leg's length (geometry: 0.37 at 40° of bend).
    snap_noise_ratio, snap_least_mps2 : float
        A jolt is at least so many times the noise around it, and at least so hard (ours).
    sway_watch_deg, sway_flag_deg : float
        Hanging: pitch of the pelvis at the bottom before the lift (ours).
    no_breath_s : float or None
        Experimental: a rest without a breath for so long is told; not set: breathing is not looked at (ours).
    """

    preset: Preset = "default"
    usual_range_deg: float | None = None
    min_range_deg: float = 8.0
    min_range_share: float = 0.35
    tilt_watch_deg: float = _BY_PRESET
    tilt_flag_deg: float = _BY_PRESET
    lift_off_deg: float = 3.0
    rotation_watch_deg: float = _BY_PRESET
    rotation_flag_deg: float = _BY_PRESET
    angle_hold_s: float = 0.3
    momentum_watch: float = 0.05
    momentum_flag: float = 0.20
    drop_watch: float = 0.05
    drop_flag: float = 0.20
    one_leg_eccentric_watch_s: float = 1.5
    one_leg_eccentric_flag_s: float = 1.0
    two_leg_eccentric_watch_s: float = 3.5
    two_leg_eccentric_flag_s: float = 2.0
    peak_speed_watch_dps: float = 80.0
    peak_speed_flag_dps: float = 150.0
    heel_touch_mps2: float = 3.0
    short_range_share: float = 0.70
    floor_margin_deg: float = 2.0
    knee_bend_share: float = 0.3
    snap_noise_ratio: float = 6.0
    snap_least_mps2: float = 1.0
    sway_watch_deg: float = 5.0
    sway_flag_deg: float = 10.0
    no_breath_s: float | None = None

    def __post_init__(self) -> None:
        require_one_of("preset", self.preset, get_args(Preset))
        for field in fields(self):
            value = getattr(self, field.name)
            if value is _BY_PRESET:
                object.__setattr__(self, field.name, _PRESETS[self.preset][field.name])
            elif field.name != "preset" and not (value is None and field.default is None):
                require_number(field.name, value, above=0.0, below=1000.0)

    @classmethod
    def for_preset(cls, preset: Preset, **changes: Any) -> Settings:
        """Return the settings of a preset, with single values changed.

        Raises
        ------
        RefusedValueError
            If a value is invalid for its setting, or a watch level lies past its flag level. Settings stored
            with an older set are read all the same.

        Examples
        --------
        >>> Settings.for_preset("beginner").tilt_flag_deg
        8.0
        """
        settings = replace(cls(preset=preset), **changes)
        settings._require_watch_before_flag()
        return settings

    def _require_watch_before_flag(self) -> None:
        """Refuse a ``_watch`` level past its ``_flag`` level: it would never be reached."""
        for name in (field.name for field in fields(self) if "_watch" in field.name):
            flag_name = name.replace("_watch", "_flag")
            watch, flag = getattr(self, name), getattr(self, flag_name)
            low_is_worse = "_eccentric_" in name
            if (watch < flag) if low_is_worse else (watch > flag):
                raise RefusedValueError(
                    f"{name} is {watch:g}, past {flag_name}, which is {flag:g}: it would never be reached.",
                    hint=f"Give both, {name} {'at least' if low_is_worse else 'at most'} {flag_name}.",
                )


_PRESETS: dict[Preset, dict[str, float]] = {
    "default": {
        "tilt_watch_deg": 3.0,
        "tilt_flag_deg": 6.0,
        "rotation_watch_deg": 4.0,
        "rotation_flag_deg": 7.0,
    },
    "beginner": {
        "tilt_watch_deg": 5.0,
        "tilt_flag_deg": 8.0,
        "rotation_watch_deg": 4.0,
        "rotation_flag_deg": 7.0,
    },
    "strict": {
        "tilt_watch_deg": 2.0,
        "tilt_flag_deg": 4.0,
        "rotation_watch_deg": 3.0,
        "rotation_flag_deg": 5.0,
    },
}
