"""Build the plan of a simulated set from options, with faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from imu_reps.domain.exercise import BOTH_LEGS, HOLDS
from imu_reps.domain.tempo import TEMPO_NAMES
from imu_reps.errors import did_you_mean

if TYPE_CHECKING:
    from imu_reps.domain.exercise import Exercise, Side
    from imu_reps.domain.tempo import Tempo
    from imu_reps.sim.wearer import HoldPlan, LifePlan, RepPlan, SensorPlan, SetPlan


#: Default range of an exercise.
_DEFAULT_RANGES_DEG = {
    "double_leg_raise": 75.0,
    "heel_tap": 45.0,
    "hanging_leg_raise": 90.0,
    "hollow_hold": 25.0,
}
_DEFAULT_RANGE_DEG = 60.0

#: Help of ``--tempo``.
TEMPO_HELP = f"seconds lowering-bottom-lifting-top, as 2-0-2-0; or {', '.join(TEMPO_NAMES)}."
#: Default tempo of an exercise; two legs are lowered in four seconds, as they are coached.
_DEFAULT_TEMPOS = {"double_leg_raise": "4-1-2-0.5"}
DEFAULT_TEMPO = "2-1-2-0.5"

#: Default length of a hold, and tremor in it.
HOLD_S = 20.0
_TREMOR_DPS = 2.0


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """Options of the command line; None is the exercise's default."""

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


def set_plan(options: SimulationOptions) -> SetPlan:
    """Build the plan from the options.

    Raises
    ------
    ValueError
        If the tempo or a fault cannot be parsed.
    """
    from imu_reps.sim.wearer import BodyPlan, SetPlan

    held = options.exercise in HOLDS
    sensor = _sensor(options)
    return SetPlan(
        exercise=cast("Exercise", options.exercise),
        side=cast("Side", options.side or ("both" if options.exercise in BOTH_LEGS else "left")),
        reps=(_hold(options),) if held else _reps(options),
        body=BodyPlan(tremor_dps=_TREMOR_DPS) if held else BodyPlan(),
        life=_life(options),
        pelvis=sensor,
        ankle=sensor,
        tempo_target=None if held else _tempo(options),
    )


def _hold(options: SimulationOptions) -> RepPlan:
    """Plan one hold: legs up, held with the faults from their second on, and down."""
    from imu_reps.sim.wearer import HoldPlan, RepPlan

    hold_s, hold = options.hold_s or HOLD_S, HoldPlan()
    for name, from_s in (parse_hold_fault(fault, hold_s) for fault in options.faults):
        hold = HOLD_FAULTS[name](hold, from_s)
    top_deg = options.range_deg or _DEFAULT_RANGES_DEG[options.exercise]
    return RepPlan(top_deg=top_deg, top_pause_s=hold_s, bottom_pause_s=2.0, hold=hold)


def _tempo(options: SimulationOptions) -> Tempo:
    from imu_reps.domain.tempo import named_tempo

    return named_tempo(options.tempo or _DEFAULT_TEMPOS.get(options.exercise, DEFAULT_TEMPO))


def _reps(options: SimulationOptions) -> tuple[RepPlan, ...]:
    """Plan repetitions whose measured tempo is the one given."""
    from imu_reps.sim.wearer import RepPlan, paced

    tempo = _tempo(options)
    if min(tempo.eccentric_s, tempo.concentric_s) < 0.2:
        raise ValueError("lowering and lifting take at least 0.2 s each")
    range_deg = options.range_deg or _DEFAULT_RANGES_DEG.get(options.exercise, _DEFAULT_RANGE_DEG)
    heel_tap = options.exercise == "heel_tap"
    rep = RepPlan(top_deg=0.0 if heel_tap else range_deg, bottom_deg=-range_deg if heel_tap else 0.0)
    reps = [paced(rep, tempo)] * options.reps
    for name, numbers in (parse_fault(fault, options.reps) for fault in options.faults):
        reps = [FAULTS[name](rep) if number in numbers else rep for number, rep in enumerate(reps, 1)]
    return tuple(reps)


def _sensor(options: SimulationOptions) -> SensorPlan:
    from imu_reps.sim.wearer import RadioPlan, SensorPlan

    # without named axes the tilt of a hanging pelvis has no sign
    named = options.exercise == "hanging_leg_raise"
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


def _with(**faults: Any) -> Callable[[RepPlan], RepPlan]:
    return lambda rep: replace(rep, faults=replace(rep.faults, **faults))


def _short_range(rep: RepPlan) -> RepPlan:
    """Halve the range: a heel tap ends above the floor, a raise below its height."""
    middle = 0.5 * (rep.top_deg + rep.bottom_deg)
    tap = rep.bottom_deg < 0.0
    return replace(rep, bottom_deg=middle) if tap else replace(rep, top_deg=middle)


#: How each fault of ``--fault`` changes a planned repetition.
FAULTS: dict[str, Callable[[RepPlan], RepPlan]] = {
    "momentum": lambda rep: replace(rep, concentric_s=0.6),
    "fast_lowering": lambda rep: replace(rep, eccentric_s=0.7),
    "back_arch": _with(arch_deg=10.0),
    "hip_pop": _with(rotation_deg=10.0),
    "heel_touch": _with(heel_touch_mps2=10.0),
    "snap": _with(jolt_mps2=8.0),
    "knee_bend": _with(knee_bend_deg=50.0),
    "short_range": _short_range,
}
#: How each fault changes a hold, from a second of it on. Legs that sink so little are still held, which is no
#: fault of the hold (docs/definitions.md#holds).
HOLD_FAULTS: dict[str, Callable[[HoldPlan, float], HoldPlan]] = {
    "back_arch": lambda hold, from_s: replace(hold, arch_deg=10.0, arch_from_s=from_s),
    "sinking": lambda hold, from_s: replace(hold, sink_deg=8.0, sink_from_s=from_s),
}


def parse_fault(text: str, rep_count: int) -> tuple[str, set[int]]:
    """Parse ``NAME`` or ``NAME:REPS`` to the fault and the repetitions (from 1) that have it.

    Raises
    ------
    ValueError
        If the name is unknown, or the repetitions are not numbers of the set such as ``3,5`` or ``7-10``.
    """
    name, colon, where = text.partition(":")
    if name not in FAULTS:
        raise ValueError(
            f"there is no fault {name!r}; there are {', '.join(FAULTS)}{did_you_mean(name, FAULTS)}"
        )
    if not colon:
        return name, set(range(1, rep_count + 1))
    numbers: set[int] = set()
    for part in where.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise ValueError(f"{where!r} names no reps; write 3, or 3,5, or 7-10")
        numbers |= set(range(int(first), min(int(last or first), rep_count) + 1))
    if not numbers or not numbers <= set(range(1, rep_count + 1)):
        raise ValueError(f"{where!r} names reps outside of 1-{rep_count}")
    return name, numbers


def parse_hold_fault(text: str, hold_s: float) -> tuple[str, float]:
    """Parse ``NAME`` or ``NAME:SECOND`` to the fault and the second of the hold at which it begins.

    Raises
    ------
    ValueError
        If the name is unknown, or the second is no number within the hold.
    """
    name, colon, where = text.partition(":")
    if name not in HOLD_FAULTS:
        raise ValueError(f"there is no fault {name!r} of a hold; there are {', '.join(HOLD_FAULTS)}")
    if not colon:
        return name, hold_s / 2.0
    if not (where.isdecimal() and float(where) < hold_s):
        raise ValueError(f"{where!r} is no second of a hold of {hold_s:.0f} s; write 12")
    return name, float(where)
