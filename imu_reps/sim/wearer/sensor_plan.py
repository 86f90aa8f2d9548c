"""A simulated sensor and its radio, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from imu_reps.domain.recording import Axis, Counter
from imu_reps.domain.refusals import refuse_unless_as_declared, refuse_unless_number

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class RadioPlan:
    """How samples travel and which clocks they carry.

    A packet leaves with its last sample and arrives `latency_s` later at the earliest. Late packets hold
    up the ones behind them; none overtakes.

    Attributes
    ----------
    batch : int
        Samples in a packet.
    latency_s : float
        Shortest transport time; the truth's time axis is the true instant plus this.
    jitter_s : float
        Mean of the exponential delay on top.
    stalls_per_min : float
        How often the radio holds everything back for 50 to 150 ms.
    loss : float
        Probability that a packet never arrives.
    drop_outs : tuple of (start_s, duration_s)
        Stretches in which nothing arrives, on the simulation's own time from its beginning.
    counter : {"device", "host"}
    device_clock : bool
        Whether samples carry the sensor's own time.
    drift_ppm : float
        How much the sensor's clock runs fast against the host's.
    clock_start_s : float
        What the sensor's clock shows at the beginning.
    connection_interval_s : float
        Packets leave at connection events only, so far apart, the first at a time of chance; 0: at once.
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
    """What lies between bone and sensor: a damped spring that sags under the sensor and rings.

    Attributes
    ----------
    ring_hz : float
        Natural frequency of the sensor on its flesh.
    damping : float
        Damping ratio.
    sag_deg : float
        How far 1 g along the skin tips the sensor.
    """

    ring_hz: float
    damping: float
    sag_deg: float


@dataclass(frozen=True, slots=True)
class SlipPlan:
    """A strap or belt that turns once on its segment and stays so.

    Attributes
    ----------
    turn_deg : Vector
        Rotation vector in segment axes.
    at_share : float
        When, from the begin of the first repetition (0) to the end of the last (1).
    duration_s : float
        How long it takes.
    """

    turn_deg: Vector
    at_share: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """One inertial sensor: how it is worn and how it errs.

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
        How much the gyroscope's bias grows as it warms up, in sensor axes.
    gyr_warm_s : float
        When 95 % of that is reached; the approach is exponential.
    tissue : TissuePlan or None
        None: the sensor sits on the bone.
    slip : SlipPlan or None
    acc_range_g, gyr_range_dps : float
        Full scale; beyond it the sensor clips, and 16 bit are spread over it.
    radio : RadioPlan
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
        refuse_unless_as_declared(self)
        refuse_unless_number("rate_hz", self.rate_hz, above=1.0, below=10_000.0)
        refuse_unless_number("rate_error", self.rate_error, above=-0.5, below=0.5)
        for name in ("acc_noise_mps2", "gyr_noise_dps"):
            refuse_unless_number(name, getattr(self, name), above=-math.ulp(0.0))
        for name in ("gyr_warm_s", "acc_range_g", "gyr_range_dps"):
            refuse_unless_number(name, getattr(self, name), above=0.0)
