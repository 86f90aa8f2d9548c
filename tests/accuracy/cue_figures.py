"""Figures of the cues: how close the count is to the end, delays of fault cues, and false cues.

Measured on the spoken cues, after the coach, the transport of the packets and the ticks of a session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from cued_sets import FAULTY, PLAIN, CuedPopulation, CuedSet, cued, spoken_until
from figures import Figure, percentile, worst_seeds

from imu_reps import Rep, Settings
from imu_reps.analysis.reps.control import MIN_DEG, coasting_degrees
from imu_reps.analysis.set_motion import low_passed, rate_of_change
from imu_reps.coaching.coach import URGENT
from imu_reps.domain.cue import CUES, VOICE_START_S, WORD_S, Cue, CueCode
from imu_reps.domain.rep import Flag
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ

SETTINGS = Settings()
FAULTS: dict[Flag, CueCode] = {
    "back_arch": "press_back",
    "hip_pop": "hips_level",
    "momentum": "no_swing",
    "fast_lowering": "slower",
}

#: Percentage of each fault that may be missed: one voice cannot say everything at once.
MAX_MISSED_PERCENT: dict[Flag, float] = {
    "back_arch": 10.0,
    "hip_pop": 20.0,
    "momentum": 12.0,
    "fast_lowering": 12.0,
}

#: A count belongs to a repetition until this long after its end.
AFTER_S = 0.7
#: Time by which a cue may follow the end of its repetition.
LINGERS_S = 1.0
#: A fault that is past its limit by less than this share of it may be missed: a wearer within the limit
#: must get no cue, and a live figure is not exact.
HARDLY_SHARE = 0.15
HARDLY = "hardly past the limit"
#: Live angles may cross a limit by this much before the commanded ones.
JUST_BEFORE_S = 0.3


def _description(population: CuedPopulation) -> str:
    sets = cued(population)
    reps = sum(one.true_count for one in sets)
    seeds = " and ".join(f"{each[0]} to {each[-1]}" for each in population.seeds)
    return f"{population.text}; {len(sets)} sets of seeds {seeds}, {reps} reps"


def _counts(one: CuedSet) -> list[tuple[Rep, float | None]]:
    """Return each repetition with the delay of its first count after its end; None if it was not counted."""
    count_s: dict[int, float] = {}
    for cue in one.cues:
        near = [
            (abs(cue.time_s - rep.end_s), k)
            for k, rep in enumerate(one.truth.reps)
            if cue.code == "count" and rep.start_s < cue.time_s < rep.end_s + AFTER_S
        ]
        if near:
            count_s.setdefault(min(near)[1], cue.time_s)
    return [(rep, count_s[k] - rep.end_s if k in count_s else None) for k, rep in enumerate(one.truth.reps)]


def count_at_the_end(plain: CuedPopulation = PLAIN, faulty: CuedPopulation = FAULTY) -> tuple[Figure, ...]:
    """Figures of the count: its error without stalls, its delay everywhere, and how often it is missing."""
    sets = [*cued(plain), *cued(faulty)]
    counts = [(one, late) for one in sets for _, late in _counts(one)]
    steady = [
        (one.seed, 1000.0 * abs(late))
        for one, late in counts
        if late is not None and not one.truth.has_stalls
    ]
    late = [(one.seed, 1000.0 * late) for one, late in counts if late is not None]
    silent = worst_seeds((one.seed, 1.0) for one, late in counts if late is None)
    share = 100.0 * sum(late is None for _, late in counts) / len(counts)
    population = f"{_description(plain)}; and {_description(faulty)}"
    title = "Count cue"
    return (
        _limited(f"{title} against the true end, no stalls: 95 % within", population, steady, 300.0),
        _limited(f"{title} after the true end, stalls too: 99 % within", population, late, 300.0, 99.0),
        Figure("Repetitions not counted aloud", population, (share,), 8.0, "%", silent),
        Figure("Numbers cut off by a fault", population, (100.0 * _cut_off(sets) / len(counts),), None, "%"),
    )


def _cut_off(sets: Sequence[CuedSet]) -> int:
    """Return the number of counts that were cut off before their number was spoken."""
    spoken = [(cue, end_s) for one in sets for cue, end_s in spoken_until(one.cues) if cue.code == "count"]
    return sum(end_s < cue.time_s + VOICE_START_S + WORD_S for cue, end_s in spoken)


def false_counts(plain: CuedPopulation = PLAIN, faulty: CuedPopulation = FAULTY) -> Figure:
    """Share of spoken numbers at which no repetition ended, or which belong to another one."""
    counts = [(one, cue) for one in [*cued(plain), *cued(faulty)] for cue in one.cues if cue.code == "count"]
    wrong = [(one.seed, 1.0) for one, cue in counts if not _is_number_of_nearest_rep(one, cue)]
    share = 100.0 * len(wrong) / len(counts)
    population = f"{_description(plain)}; and {_description(faulty)}; {len(counts)} numbers"
    return Figure("Numbers said for nothing, or wrong", population, (share,), None, "%", worst_seeds(wrong))


def _is_number_of_nearest_rep(one: CuedSet, cue: Cue) -> bool:
    """Return whether a count is the number of the repetition that ends at about that time."""
    around = [
        (abs(cue.time_s - rep.end_s), number)
        for number, rep in enumerate(one.truth.reps, 1)
        if rep.start_s < cue.time_s < rep.end_s + AFTER_S
    ]
    return bool(around) and cue.words.partition(",")[0] == str(min(around)[1])


def _limited(
    what: str, population: str, found: list[tuple[int, float]], limit: float | None, share: float = 95.0
) -> Figure:
    return Figure(what, population, (percentile(found, share),), limit, "ms", worst_seeds(found))


@dataclass(frozen=True)
class Crossing:
    """Times at which the commanded motion passes the limits of a fault in a repetition that has it."""

    one: CuedSet
    code: Flag
    limits_s: tuple[float, ...]
    over: float

    @property
    def crossed_s(self) -> float:
        """Time at which the first limit was passed."""
        return self.limits_s[0]

    @property
    def cue_times_s(self) -> list[float]:
        """Times at which the cue of the fault was given in the set."""
        return [cue.time_s for cue in self.one.cues if cue.code == FAULTS[self.code]]

    @property
    def late_s(self) -> float | None:
        """Delay of the cue after the first limit was passed; None if there was none."""
        late = [at_s - self.crossed_s for at_s in self.cue_times_s]
        return next((s for s in late if -JUST_BEFORE_S <= s < LINGERS_S), None)

    @property
    def covered(self) -> bool:
        """Whether the cue was given shortly before: it is not repeated, and that is no miss."""
        ago = [self.crossed_s - at_s for at_s in self.cue_times_s]
        return any(JUST_BEFORE_S < s < CUES[FAULTS[self.code]].refractory_s for s in ago)

    @property
    def reason_missed(self) -> str:
        """Reason for a missing cue."""
        detected_s = [at_s for at_s, event in self.one.crossed if event.code == self.code]
        detected_s = [at_s for at_s in detected_s if -JUST_BEFORE_S < at_s - self.crossed_s < LINGERS_S]
        if not detected_s:
            return HARDLY if self.over < HARDLY_SHARE else "not detected"
        until_s = self.crossed_s + CUES[FAULTS[self.code]].patience_s
        busy = any(cue.time_s <= until_s and detected_s[0] <= end_s and cue.tone in URGENT
                   for cue, end_s in spoken_until(self.one.cues))  # fmt: skip
        return "another fault was being told" if busy else "known too late, or the set was counted as over"


def fault_delays(of: CuedPopulation = FAULTY) -> Iterator[Figure]:
    """Yield for each kind of fault the delay after its true crossing, and the share of missing cues."""
    for code in FAULTS:
        yield from _faults_of_kind(of, code)


def _faults_of_kind(of: CuedPopulation, code: Flag) -> Iterator[Figure]:
    crossings = [crossing for one in cued(of) for crossing in _crossings(one, code)]
    late = [(c.one.seed, 1000.0 * s) for c in crossings if not c.covered and (s := c.late_s) is not None]
    title = f"{FAULTS[code]} after the true crossing: 95 % within"
    yield _limited(title, f"{_description(of)}, {len(late)} cues", late, 400.0)
    covered = sum(c.covered for c in crossings)
    without_cue = [c for c in crossings if not c.covered and c.late_s is None]
    reasons = ", ".join(f"{n} {why}" for why, n in Counter(c.reason_missed for c in without_cue).items())
    population = f"{len(crossings)} crossings, {covered} of them told just before; {reasons or 'none untold'}"
    share = 100.0 * len(without_cue) / len(crossings)
    worst = worst_seeds((c.one.seed, 1.0) for c in without_cue)
    yield Figure(f"{FAULTS[code]}: not told", population, (share,), MAX_MISSED_PERCENT[code], "%", worst)


def false_cues(of: CuedPopulation = PLAIN) -> Figure:
    """Fault cues in clean repetitions or outside any, per 100 clean ones, in each range of seeds."""
    found = [(one.seed, 1.0) for one in cued(of) for cue in one.cues if _is_false(one, cue)]
    clean = [one.seed for one in cued(of) for rep in one.truth.reps if rep.clean is not False]
    shares = tuple(
        100.0 * sum(seed in seeds for seed, _ in found) / sum(seed in seeds for seed in clean)
        for seeds in of.seeds
    )
    population = f"{_description(of)}, {len(clean)} of them clean"
    return Figure("False cues in 100 clean reps", population, shares, 1.0, "", tuple(found))


def overlapping_cues(plain: CuedPopulation = PLAIN, faulty: CuedPopulation = FAULTY) -> Figure:
    """Number of cues that began while another was being spoken that did not give way."""
    sets = [*cued(plain), *cued(faulty)]
    both = [(one.seed, 1.0) for one in sets
            for (_, end_s), (cue, _) in pairwise(spoken_until(one.cues))
            if cue.time_s + VOICE_START_S < end_s - 1e-9]  # fmt: skip
    population = f"{_description(plain)}; and {_description(faulty)}"
    return Figure("Two cues at once", population, (float(len(both)),), 0.0, "", tuple(both))


def floor_warnings_before_lift_off(of: CuedPopulation = FAULTY) -> Figure:
    """Share of floor warnings that precede the lift-off of the back, in lowerings with both."""
    first = total = 0
    for one in cued(of):
        for rep in one.truth.reps:
            warned = [near.time_s for near in one.near_floor if rep.start_s < near.time_s < rep.end_s]
            crossed_s = _lift_off_s(one, rep)
            if warned and crossed_s is not None:
                total += 1
                first += warned[0] < crossed_s
    share = 100.0 * first / max(1, total)
    return Figure("Floor warnings before the back lets go", f"{_description(of)}, {total} warnings", (share,),
                  None, "%")  # fmt: skip


def _is_false(one: CuedSet, cue: Cue) -> bool:
    if cue.tone != "fault":
        return False
    around = [rep for rep in one.truth.reps if rep.start_s - 0.2 < cue.time_s < rep.end_s + LINGERS_S]
    if not around:
        return True
    if any(rep.clean is False for rep in around):
        return False
    return cue.code != "slower" or not any(_fast_half_way(one, rep) for rep in around)


def _fast_half_way(one: CuedSet, rep: Rep) -> bool:
    """Return whether half of the way down took less than half of the minimum time.

    The leg may have slowed down or stalled afterwards.
    """
    crossed = _half_way_s(one, rep)
    down = _lowering(one, rep)
    return crossed is not None and 2.0 * (crossed - down[0]) < _min_lowering_s(one)


def _crossings(one: CuedSet, code: Flag) -> Iterator[Crossing]:
    for rep in one.truth.reps:
        for fault in rep.faults:
            if fault.code != code or fault.level != "flag":
                continue
            limits_s = _limits_s(one, rep, code)
            if limits_s:
                yield Crossing(one, code, limits_s, abs(abs(fault.value) - fault.limit) / fault.limit)


def _limits_s(one: CuedSet, rep: Rep, code: Flag) -> tuple[float, ...]:
    """Return when the commanded motion passes the limits of a fault; empty if it does so only as a whole."""
    angles = one.truth.angles
    times: list[float | None]
    if code == "back_arch":
        over = low_passed(angles.pelvic_tilt_deg) - SETTINGS.tilt_flag_deg
        times = [_held_past(angles.time_s, over, _lowering(one, rep)[0], rep.end_s + LINGERS_S)]
    elif code == "hip_pop":
        rotation = np.abs(low_passed(angles.pelvic_rotation_deg))
        times = [_held_past(angles.time_s, rotation - SETTINGS.rotation_flag_deg, rep.start_s, rep.end_s)]
    elif code == "momentum":
        times = [_coasted_s(one, _rising(one, rep), 1)]
    else:
        times = [_coasted_s(one, _lowering(one, rep), -1)]
        if rep.eccentric_s is not None and rep.eccentric_s < _min_lowering_s(one):
            times.append(_half_way_s(one, rep))
    return tuple(sorted(at_s for at_s in times if at_s is not None))


def _held_past(time_s: FloatArray, over: FloatArray, begin_s: float, end_s: float) -> float | None:
    """Return when `over` rises above 0 for the duration that an angle must hold."""
    window = (time_s >= begin_s) & (time_s <= end_s)
    run, hold = 0, round(SETTINGS.angle_hold_s * GRID_HZ)
    for at_s, past in zip(time_s[window].tolist(), (over[window] > 0.0).tolist(), strict=True):
        run = run + 1 if past else 0
        if run == hold:
            return float(at_s - (hold - 1) / GRID_HZ)
    return None


def _coasted_s(one: CuedSet, span: tuple[float, float], direction: int) -> float | None:
    """Return when the coasting degrees pass the flagged share of the way (heel taps: the speed its limit)."""
    angles = one.truth.angles
    elevation = low_passed(angles.leg_elevation_deg)
    window = (angles.time_s >= span[0]) & (angles.time_s <= span[1])
    time_s, way = angles.time_s[window], elevation[window]
    speed = rate_of_change(elevation)
    if one.plan.exercise == "heel_tap":
        past = np.flatnonzero(direction * speed[window] > SETTINGS.peak_speed_flag_dps)
        return float(time_s[past[0]]) if len(past) else None
    acceleration = rate_of_change(speed)[window]
    total = coasting_degrees(way, acceleration, one.plan.posture, direction)[1]
    if total < MIN_DEG:
        return None
    limit = SETTINGS.momentum_flag if direction > 0 else SETTINGS.drop_flag
    for end in range(3, len(way) + 1):
        if coasting_degrees(way[:end], acceleration[:end], one.plan.posture, direction)[0] > limit * total:
            return float(time_s[end - 1])
    return None


def _half_way_s(one: CuedSet, rep: Rep) -> float | None:
    begin_s, end_s = _lowering(one, rep)
    angles = one.truth.angles
    window = (angles.time_s >= begin_s) & (angles.time_s <= end_s)
    way = angles.leg_elevation_deg[window]
    below = np.flatnonzero(way < (way[0] + way[-1]) / 2.0)
    return float(angles.time_s[window][below[0]]) if len(below) else None


def _lift_off_s(one: CuedSet, rep: Rep) -> float | None:
    angles = one.truth.angles
    window = (angles.time_s >= _lowering(one, rep)[0]) & (angles.time_s <= rep.end_s)
    past = np.flatnonzero(low_passed(angles.pelvic_tilt_deg)[window] > SETTINGS.lift_off_deg)
    return float(angles.time_s[window][past[0]]) if len(past) else None


def _min_lowering_s(one: CuedSet) -> float:
    two = one.plan.exercise == "double_leg_raise"
    return SETTINGS.two_leg_eccentric_flag_s if two else SETTINGS.one_leg_eccentric_flag_s


def _lowering(one: CuedSet, rep: Rep) -> tuple[float, float]:
    assert rep.eccentric_s is not None
    if one.plan.resting_end == "low":
        return rep.end_s - rep.eccentric_s, rep.end_s
    return rep.start_s, rep.start_s + rep.eccentric_s


def _rising(one: CuedSet, rep: Rep) -> tuple[float, float]:
    assert rep.concentric_s is not None
    if one.plan.resting_end == "low":
        return rep.start_s, rep.start_s + rep.concentric_s
    return rep.end_s - rep.concentric_s, rep.end_s


def all_figures(plain: CuedPopulation = PLAIN, faulty: CuedPopulation = FAULTY) -> Iterator[Figure]:
    """Yield every figure of the cues, in the order of the table."""
    yield from count_at_the_end(plain, faulty)
    yield false_counts(plain, faulty)
    yield from fault_delays(faulty)
    yield false_cues(plain)
    yield overlapping_cues(plain, faulty)
    yield floor_warnings_before_lift_off(faulty)
