"""A simulated sensor and its radio, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from imu_reps.domain.recording import Axis, Counter
from imu_reps.domain.validation import require_declared_types, require_number

Vector = tuple[float, float, float]

#: Shortest and longest stall of a radio link.
STALL_S = (0.05, 0.15)


@dataclass(frozen=True, slots=True)
class RadioPlan:
    """Radio link and clocks of a sensor.

    A packet leaves with its last sample and arrives at least `latency_s` later. Late packets delay the ones
    behind them; none overtakes.

    Attributes
    ----------
    batch : int
        Samples in a packet.
    latency_s : float
        Shortest transport time; the truth's time axis is the true instant plus this.
    jitter_s : float
        Mean of the exponential delay on top.
    stalls_per_min : float
        Rate of stalls of 50 to 150 ms.
    loss : float
        Probability that a packet never arrives.
    drop_outs : tuple of (start_s, duration_s)
        Stretches in which nothing arrives, on the simulation's own time from its beginning.
    device_clock : bool
        Whether samples carry the sensor's own time.
    drift_ppm : float
        Drift of the sensor's clock against the host's, positive if fast.
    clock_start_s : float
        Initial value of the sensor's clock.
    connection_interval_s : float
        Interval of connection events at which packets leave, with a random phase; 0 for immediately.
    """

    batch: int = 1
    latency_s: float = 0.008
    jitter_s: float = 0.004
    stalls_per_min: float = 1.0
    loss: float = 0.0
    drop_outs: tuple[tuple[float, float], ...] = ()
    counter: Counter = "device"
    device_clock: bool = True
    drift_ppm: float = 20.0
    clock_start_s: float = 100.0
    connection_interval_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TissuePlan:
    """Soft tissue between bone and sensor: a damped spring that sags and rings.

    Attributes
    ----------
    ring_hz : float
        Natural frequency of the sensor on the tissue.
    damping : float
        Damping ratio.
    sag_deg : float
        Tilt of the sensor for 1 g along the skin.
    """

    ring_hz: float
    damping: float
    sag_deg: float


@dataclass(frozen=True, slots=True)
class SlipPlan:
    """A strap or belt that turns once on its segment.

    Attributes
    ----------
    turn_deg : Vector
        Rotation vector in segment axes.
    at_share : float
        Time between the begin of the first repetition (0) and the end of the last (1).
    duration_s : float
        Duration of the turn.
    """

    turn_deg: Vector
    at_share: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """One inertial sensor: placement and errors.

    Attributes
    ----------
    sensor : str
        Name in the header.
    rate_hz : float
        Nominal rate.
    rate_error : float
        Real rate over nominal, less one.
    cranial_axis, anterior_axis : Axis
        Sensor axes that point to the head (up the shank) and forward, before `turned_deg`.
    named : bool
        Whether the header names those axes.
    turned_deg : Vector
        Rotation vector in segment axes (x anterior, y cranial, z right) by which the sensor is turned
        from them. On a lying pelvis a turn about x is a turn about gravity.
    acc_noise_mps2, gyr_noise_dps : float
        RMS of white noise per sample.
    acc_bias_mg, gyr_bias_dps : Vector
        Constant errors, in sensor axes.
    acc_scale, gyr_scale : Vector
        Relative scale errors, in sensor axes.
    gyr_warm_dps : Vector
        Growth of the gyroscope's bias as it warms up, in sensor axes.
    gyr_warm_s : float
        Time to reach 95 % of it, exponentially.
    tissue : TissuePlan or None
        None for a sensor on the bone.
    acc_range_g, gyr_range_dps : float
        Full scale at which the sensor clips, resolved by 16 bits.
    """

    sensor: str = "simulated"
    rate_hz: float = 100.0
    rate_error: float = 0.0
    cranial_axis: Axis = "+y"
    anterior_axis: Axis = "+z"
    named: bool = False
    turned_deg: Vector = (0.0, 0.0, 0.0)
    acc_noise_mps2: float = 0.02
    gyr_noise_dps: float = 0.07
    acc_bias_mg: Vector = (0.0, 0.0, 0.0)
    gyr_bias_dps: Vector = (0.0, 0.0, 0.0)
    acc_scale: Vector = (0.0, 0.0, 0.0)
    gyr_scale: Vector = (0.0, 0.0, 0.0)
    gyr_warm_dps: Vector = (0.0, 0.0, 0.0)
    gyr_warm_s: float = 40.0
    tissue: TissuePlan | None = None
    slip: SlipPlan | None = None
    acc_range_g: float = 8.0
    gyr_range_dps: float = 1000.0
    radio: RadioPlan = RadioPlan()

    def __post_init__(self) -> None:
        require_declared_types(self)
        require_number("rate_hz", self.rate_hz, above=1.0, below=10_000.0)
        require_number("rate_error", self.rate_error, above=-0.5, below=0.5)
        for name in ("acc_noise_mps2", "gyr_noise_dps"):
            require_number(name, getattr(self, name), above=-math.ulp(0.0))
        for name in ("gyr_warm_s", "acc_range_g", "gyr_range_dps"):
            require_number(name, getattr(self, name), above=0.0)
