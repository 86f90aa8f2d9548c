"""Plans of the ten sample recordings."""

from __future__ import annotations

from dataclasses import replace

from imu_reps.domain.tempo import Tempo
from imu_reps.sim.wearer.sensor_plan import RadioPlan, SensorPlan
from imu_reps.sim.wearer.set_plan import (
    Act,
    BodyPlan,
    LifePlan,
    RepFaults,
    RepPlan,
    SetPlan,
    Stall,
    Swell,
)

#: Scatter of range (degrees) and tempo (share) from repetition to repetition.
_MISSED_DEG = (0.0, 2.5, -1.5, 1.0, -3.0, 2.0, -0.5, 1.5, -2.0, 0.5)
_MISSED_PACE = (1.0, 0.96, 1.05, 1.02, 0.94, 1.07, 0.98, 1.03, 0.97, 1.01)

_PELVIS = SensorPlan(
    sensor="simulated",
    named=True,
    turned_deg=(2.0, 1.0, -1.5),
    acc_bias_mg=(4.0, -6.0, 8.0),
    acc_scale=(0.003, -0.002, 0.004),
    gyr_bias_dps=(0.2, -0.1, 0.15),
    rate_error=0.0012,
    radio=RadioPlan(batch=1, drift_ppm=35.0, clock_start_s=495.0),
)
_ANKLE = SensorPlan(
    sensor="simulated",
    turned_deg=(35.0, -70.0, 15.0),
    acc_bias_mg=(-7.0, 5.0, 3.0),
    acc_scale=(-0.004, 0.002, 0.003),
    gyr_bias_dps=(-0.3, 0.2, 0.1),
    rate_error=-0.0009,
    radio=RadioPlan(batch=1, drift_ppm=-28.0, clock_start_s=1210.0),
)


def showcase() -> dict[str, SetPlan]:
    """Return the plans of the sample recordings by name; each is 30 to 60 s long."""
    return {
        "clean": _clean(),
        "momentum": _momentum(),
        "back_arch_fatigue": _back_arch_fatigue(),
        "hip_pop": _hip_pop(),
        "double_leg": _double_leg(),
        "heel_taps": _heel_taps(),
        "hanging": _hanging(),
        "packet_loss": _packet_loss(),
        "life_around": _life_around(),
        "slow_four_count": _slow_four_count(),
    }


def _reps(count: int, rep: RepPlan) -> list[RepPlan]:
    """Return repetitions with scatter."""
    return [
        replace(
            rep,
            top_deg=rep.top_deg + _MISSED_DEG[k % 10],
            concentric_s=rep.concentric_s * _MISSED_PACE[k % 10],
            eccentric_s=rep.eccentric_s * _MISSED_PACE[(k + 3) % 10],
        )
        for k in range(count)
    ]


def _clean() -> SetPlan:
    reps = _reps(6, RepPlan(top_deg=58.0, concentric_s=2.1, eccentric_s=2.2, bottom_pause_s=0.5))
    return SetPlan(reps=tuple(reps), pelvis=_PELVIS, ankle=_ANKLE, tempo_target=Tempo.parse("2-0-2-0"))


def _momentum() -> SetPlan:
    swung = RepPlan(
        top_deg=62.0, concentric_s=0.75, top_pause_s=0.1, eccentric_s=0.8, bottom_pause_s=0.2,
        concentric_ramp=(0.3, 0.65),
    )  # fmt: skip
    controlled = RepPlan(top_deg=60.0, concentric_s=1.9, eccentric_s=2.0)
    reps = (*_reps(3, controlled), *_reps(9, swung))
    return SetPlan(side="right", reps=reps, pelvis=_PELVIS, ankle=_ANKLE)


def _back_arch_fatigue() -> SetPlan:
    meant = RepPlan(top_deg=65.0, concentric_s=1.7, eccentric_s=2.2, bottom_pause_s=0.4)
    reps = [
        replace(rep, faults=RepFaults(arch_deg=max(0.0, 2.0 * (k - 2)), arch_below_deg=18.0 + 4.0 * k))
        for k, rep in enumerate(_reps(7, meant))
    ]
    body = BodyPlan(share=0.18, tremor_dps=3.0)
    return SetPlan(reps=tuple(reps), body=body, pelvis=_PELVIS, ankle=_ANKLE)


def _hip_pop() -> SetPlan:
    popping = (2, 3, 5)
    reps = [
        replace(rep, faults=RepFaults(rotation_deg=9.5)) if k in popping else rep
        for k, rep in enumerate(_reps(6, RepPlan(top_deg=55.0)))
    ]
    radio = replace(_ANKLE.radio, device_clock=False)
    ankle = replace(_ANKLE, turned_deg=(-20.0, 110.0, 40.0), radio=radio)
    return SetPlan(side="right", reps=tuple(reps), pelvis=_PELVIS, ankle=ankle)


def _double_leg() -> SetPlan:
    meant = RepPlan(top_deg=88.0, bottom_deg=22.0, concentric_s=1.8, top_pause_s=0.2, eccentric_s=3.8)
    reps = [
        replace(rep, top_deg=88.0, bottom_deg=22.0 - _MISSED_DEG[k], faults=RepFaults(arch_deg=arch_deg))
        for k, (rep, arch_deg) in enumerate(zip(_reps(5, meant), (0.0, 0.0, 4.0, 7.5, 8.5), strict=True))
    ]
    body = BodyPlan(share=0.24, rotation_deg=0.0)
    life = LifePlan(still_before_s=2.5, hold_s=1.2, rest_after_s=1.5)
    return SetPlan(
        "double_leg_raise", "both", "high", reps=tuple(reps), body=body, life=life,
        pelvis=replace(_PELVIS, rate_hz=60.0), ankle=replace(_ANKLE, rate_hz=60.0),
    )  # fmt: skip


def _heel_taps() -> SetPlan:
    meant = RepPlan(top_deg=0.0, bottom_deg=-46.0, concentric_s=1.5, top_pause_s=0.4, eccentric_s=1.9)
    reps = [
        replace(rep, top_deg=0.0, bottom_deg=-46.0 + _MISSED_DEG[k], bottom_pause_s=0.1)
        for k, rep in enumerate(_reps(6, meant))
    ]
    life = LifePlan(knees_bent=True)
    return SetPlan("heel_tap", "left", reps=tuple(reps), life=life, pelvis=_PELVIS, ankle=_ANKLE)


def _hanging() -> SetPlan:
    meant = RepPlan(top_deg=84.0, concentric_s=1.6, top_pause_s=0.3, eccentric_s=2.0, bottom_pause_s=0.9)
    body = BodyPlan(share=0.27, rotation_deg=0.0, sway_deg=1.8, breathing_deg=0.2)
    pelvis = replace(_PELVIS, turned_deg=(1.0, 3.0, -2.0))
    return SetPlan(
        "hanging_leg_raise", "both", reps=tuple(_reps(7, meant)), body=body, pelvis=pelvis, ankle=_ANKLE
    )


def _packet_loss() -> SetPlan:
    ankle_radio = RadioPlan(batch=2, jitter_s=0.01, stalls_per_min=8.0, loss=0.03)
    pelvis_radio = replace(ankle_radio, batch=4, drop_outs=((14.0, 2.2),), drift_ppm=-60.0)
    return SetPlan(
        reps=tuple(_reps(7, RepPlan(top_deg=60.0, bottom_pause_s=0.4))),
        pelvis=replace(_PELVIS, radio=pelvis_radio),
        ankle=replace(_ANKLE, radio=ankle_radio),
    )


def _life_around() -> SetPlan:
    life = LifePlan(
        before=(Act("walk", 6.0), Act("lie_down", 4.5), Act("shuffle", 2.5)),
        after=(Act("sit_up", 2.0), Act("stand_up", 2.2), Act("walk", 4.0)),
        rocks_deg=(11.0, 12.5, 10.0),
        still_before_s=2.0,
    )
    reps = _reps(5, RepPlan(top_deg=54.0, concentric_s=1.7, eccentric_s=1.9, bottom_pause_s=0.5))
    reps[2] = replace(reps[2], stalls=(Stall("eccentric", 0.5, 0.8),))
    partial_rep = RepPlan(top_deg=12.0, concentric_s=0.9, top_pause_s=0.0, eccentric_s=0.9)
    pelvis = replace(_PELVIS, rate_hz=50.0, turned_deg=(15.0, 60.0, -25.0), named=False)
    return SetPlan(
        side="right", alignment="functional", reps=(*reps[:3], partial_rep, *reps[3:]), life=life,
        pelvis=pelvis, ankle=replace(_ANKLE, rate_hz=50.0),
    )  # fmt: skip


def _slow_four_count() -> SetPlan:
    meant = RepPlan(
        top_deg=62.0, concentric_s=2.2, top_pause_s=0.1, eccentric_s=4.4, bottom_pause_s=2.8,
        eccentric_ramp=(0.25, 0.25),
    )  # fmt: skip
    reps = _reps(5, meant)
    reps[3] = replace(reps[3], top_pause_s=1.2, wobbles=(Swell(4.0, 0.8),))
    return SetPlan(
        "single_leg_raise_bent", "left", reps=tuple(reps), pelvis=replace(_PELVIS, rate_hz=50.0),
        ankle=replace(_ANKLE, rate_hz=50.0), tempo_target=Tempo.parse("4-3-2-0"),
    )  # fmt: skip
