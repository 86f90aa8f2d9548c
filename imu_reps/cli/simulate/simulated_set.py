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
class Wish:
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


def planned(wish: Wish) -> SetPlan:
    """The plan of a wish.

    Raises
    ------
    ValueError
        If the tempo or a fault cannot be read.
    """
    from imu_reps.sim.wearer import BodyPlan, SetPlan

    held = wish.exercise in HOLDS
    both = held or wish.exercise in ("double_leg_raise", "hanging_leg_raise")
    sensor = _sensor(wish)
    return SetPlan(
        exercise=cast("Exercise", wish.exercise),
        side=cast("Side", wish.side or ("both" if both else "left")),
        reps=(_hold(wish),) if held else _reps(wish),
        body=BodyPlan(tremor_dps=_TREMOR_DPS) if held else BodyPlan(),
        life=_life(wish),
        pelvis=sensor,
        ankle=sensor,
        tempo_target=None if held else _tempo(wish),
    )


def _hold(wish: Wish) -> RepPlan:
    """Legs up, held with what the faults bring from their second on, and down."""
    from imu_reps.sim.wearer import HoldPlan, RepPlan

    hold_s, hold = wish.hold_s or HOLD_S, HoldPlan()
    for name, from_s in (parse_hold_fault(fault, hold_s) for fault in wish.faults):
        hold = HOLD_FAULTS[name](hold, from_s)
    top_deg = wish.range_deg or _USUAL_RANGE_DEG[wish.exercise]
    return RepPlan(top_deg=top_deg, top_pause_s=hold_s, bottom_pause_s=2.0, hold=hold)


def _tempo(wish: Wish) -> Tempo:
    from imu_reps.domain.tempo import named_tempo

    return named_tempo(wish.tempo or _USUAL_TEMPO.get(wish.exercise, USUAL_TEMPO))


def _reps(wish: Wish) -> tuple[RepPlan, ...]:
    """Repetitions that are measured as the tempo asked for."""
    from imu_reps.sim.wearer import RepPlan, paced

    tempo = _tempo(wish)
    if min(tempo.eccentric_s, tempo.concentric_s) < 0.2:
        raise ValueError("lowering and lifting take at least 0.2 s each")
    range_deg = wish.range_deg or _USUAL_RANGE_DEG.get(wish.exercise, _RANGE_DEG)
    heel_tap = wish.exercise == "heel_tap"
    rep = RepPlan(top_deg=0.0 if heel_tap else range_deg, bottom_deg=-range_deg if heel_tap else 0.0)
    reps = [paced(rep, tempo)] * wish.reps
    for name, numbers in (parse_fault(fault, wish.reps) for fault in wish.faults):
        reps = [FAULTS[name](rep) if number in numbers else rep for number, rep in enumerate(reps, 1)]
    return tuple(reps)


def _sensor(wish: Wish) -> SensorPlan:
    from imu_reps.sim.wearer import RadioPlan, SensorPlan

    named = (
        wish.exercise == "hanging_leg_raise"
    )  # without axes nobody could tell which way a hanging pelvis tips
    return SensorPlan(rate_hz=wish.rate_hz, named=named, radio=RadioPlan(loss=wish.loss))


def _life(wish: Wish) -> LifePlan:
    from imu_reps.sim.wearer import Act, LifePlan

    if not wish.life:
        return LifePlan()
    walk = Act("walk", 6.0)
    if wish.exercise == "hanging_leg_raise":
        return LifePlan(
            before=(walk, Act("stand", 2.0), Act("hang_up", 2.0)), after=(Act("let_go", 2.0), walk)
        )
    return LifePlan(
        before=(walk, Act("stand", 2.0), Act("lie_down", 4.0), Act("shuffle", 3.0)),
        after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0), walk),
    )
