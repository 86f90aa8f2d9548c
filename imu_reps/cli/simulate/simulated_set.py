"""The set that the options of ``imu-reps simulate`` describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from imu_reps.cli.simulate.simulated_faults import FAULTS, HOLD_FAULTS, parse_fault, parse_hold_fault
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.tempo import TEMPO_NAMES

if TYPE_CHECKING:
    from imu_reps.domain.exercise import Exercise
    from imu_reps.domain.recording import Side
    from imu_reps.domain.tempo import Tempo
    from imu_reps.sim.wearer import LifePlan, RepPlan, SensorPlan, SetPlan

#: How far the leg usually goes, in degrees.
_USUAL_RANGE_DEG = {
    "double_leg_raise": 75.0,
    "heel_tap": 45.0,
    "hanging_leg_raise": 90.0,
    "hollow_hold": 25.0,
}
_RANGE_DEG = 60.0

#: What ``--tempo`` takes.
TEMPO_HELP = f"seconds lowering-bottom-lifting-top, as 2-0-2-0; or {', '.join(TEMPO_NAMES)}."
#: Tempo of an exercise that nobody named one for; two legs are lowered in four seconds, as they are coached.
_USUAL_TEMPO = {"double_leg_raise": "4-1-2-0.5"}
USUAL_TEMPO = "2-1-2-0.5"

#: How long a hold is held where nothing is asked for, and how much somebody shakes in it.
HOLD_S = 20.0
_TREMOR_DPS = 2.0


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """What was asked for on the command line; None: the exercise's usual."""

    exercise: str
    side: str | None
    reps: int
    tempo: str | None
    range_deg: float | None
    faults: Sequence[str]
    rate_hz: float
    loss: float
    life: bool
    hold_s: float | None = None


def planned(options: SimulationOptions) -> SetPlan:
    """The plan of a wish.

    Raises
    ------
    ValueError
        If the tempo or a fault cannot be read.
    """
    from imu_reps.sim.wearer import BodyPlan, SetPlan

    held = options.exercise in HOLDS
    both = held or options.exercise in ("double_leg_raise", "hanging_leg_raise")
    sensor = _sensor(options)
    return SetPlan(
        exercise=cast("Exercise", options.exercise),
        side=cast("Side", options.side or ("both" if both else "left")),
        reps=(_hold(options),) if held else _reps(options),
        body=BodyPlan(tremor_dps=_TREMOR_DPS) if held else BodyPlan(),
        life=_life(options),
        pelvis=sensor,
        ankle=sensor,
        tempo_target=None if held else _tempo(options),
    )


def _hold(options: SimulationOptions) -> RepPlan:
    """Legs up, held with what the faults bring from their second on, and down."""
    from imu_reps.sim.wearer import HoldPlan, RepPlan

    hold_s, hold = options.hold_s or HOLD_S, HoldPlan()
    for name, from_s in (parse_hold_fault(fault, hold_s) for fault in options.faults):
        hold = HOLD_FAULTS[name](hold, from_s)
    top_deg = options.range_deg or _USUAL_RANGE_DEG[options.exercise]
    return RepPlan(top_deg=top_deg, top_pause_s=hold_s, bottom_pause_s=2.0, hold=hold)


def _tempo(options: SimulationOptions) -> Tempo:
    from imu_reps.domain.tempo import named_tempo

    return named_tempo(options.tempo or _USUAL_TEMPO.get(options.exercise, USUAL_TEMPO))


def _reps(options: SimulationOptions) -> tuple[RepPlan, ...]:
    """Repetitions that are measured as the tempo asked for."""
    from imu_reps.sim.wearer import RepPlan, paced

    tempo = _tempo(options)
    if min(tempo.eccentric_s, tempo.concentric_s) < 0.2:
        raise ValueError("lowering and lifting take at least 0.2 s each")
    range_deg = options.range_deg or _USUAL_RANGE_DEG.get(options.exercise, _RANGE_DEG)
    heel_tap = options.exercise == "heel_tap"
    rep = RepPlan(top_deg=0.0 if heel_tap else range_deg, bottom_deg=-range_deg if heel_tap else 0.0)
    reps = [paced(rep, tempo)] * options.reps
    for name, numbers in (parse_fault(fault, options.reps) for fault in options.faults):
        reps = [FAULTS[name](rep) if number in numbers else rep for number, rep in enumerate(reps, 1)]
    return tuple(reps)


def _sensor(options: SimulationOptions) -> SensorPlan:
    from imu_reps.sim.wearer import RadioPlan, SensorPlan

    named = (
        options.exercise == "hanging_leg_raise"
    )  # without axes nobody could tell which way a hanging pelvis tips
    return SensorPlan(rate_hz=options.rate_hz, named=named, radio=RadioPlan(loss=options.loss))


def _life(options: SimulationOptions) -> LifePlan:
    from imu_reps.sim.wearer import Act, LifePlan

    if not options.life:
        return LifePlan()
    walk = Act("walk", 6.0)
    if options.exercise == "hanging_leg_raise":
        return LifePlan(
            before=(walk, Act("stand", 2.0), Act("hang_up", 2.0)), after=(Act("let_go", 2.0), walk)
        )
    return LifePlan(
        before=(walk, Act("stand", 2.0), Act("lie_down", 4.0), Act("shuffle", 3.0)),
        after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0), walk),
    )
