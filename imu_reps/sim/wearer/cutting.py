"""A recording that begins or ends in the middle of a set: where, and what of the set it holds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from imu_reps.domain.recording import Start
from imu_reps.domain.rep import Partial
from imu_reps.domain.samples import FloatArray
from imu_reps.errors import RefusedValueError
from imu_reps.sim.wearer.body import Commanded
from imu_reps.sim.wearer.leg_phases import MIN_RANGE_DEG, LegCurve, Spell
from imu_reps.sim.wearer.person_plan import CutPlace
from imu_reps.sim.wearer.score import CommandedExcursion, Score, Span
from imu_reps.sim.wearer.set_plan import SetPlan

#: A way that is cut off within this share of the range from its resting end is whole:
#: docs/definitions.md#a-repetition.
_NEAR_REST = 0.15
#: How far below its highest a leg may be that was seen at its far end.
_AT_FAR_END = 0.02


def recorded_s(plan: SetPlan, commanded: Commanded) -> Span:
    """When the recording begins and ends, on the simulation's own time.

    Raises
    ------
    ValueError
        If it would end before it begins.
    """
    t, low = commanded.time_s, plan.resting_end == "low"
    up = commanded.leg_elevation_deg if low else -commanded.leg_elevation_deg
    first, last = plan.cut.begin, plan.cut.end
    begin_s = float(t[0]) if first is None else _place_s(first, commanded.score, t, up)
    end_s = float(t[-1]) if last is None else _place_s(last, commanded.score, t, up)
    if begin_s >= end_s:
        raise RefusedValueError(
            "The recording is cut before it begins.", hint="Its end comes after its begin."
        )
    return begin_s, end_s


def spells(score: Score, span_s: Span) -> list[Spell]:
    """The stretches of the set without a break, with what lies within the recording."""
    edges = [(None, score.rest_s[0]), *score.breaks_s, (score.rest_s[1], None)]
    found = []
    for (_, begin_s), (end_s, _) in pairwise(edges):
        assert begin_s is not None
        assert end_s is not None
        inside = [e for e in score.excursions if begin_s <= e.start_s and e.end_s <= end_s]
        found.append(Spell(inside, (max(begin_s, span_s[0]), min(end_s, span_s[1]))))
    return [spell for spell in found if spell.excursions]


def within(leg: LegCurve, spell: Spell, span_s: Span, start: Start) -> tuple[Spell, list[Partial]]:
    """What a recording holds of a spell: its whole excursions, and those that are cut off.

    Parameters
    ----------
    leg : LegCurve
        Of the whole set.
    spell : Spell
    span_s : tuple of float
        Begin and end of the recording.
    start : {"low", "high"}
    """
    up = leg.elevation_deg if start == "low" else -leg.elevation_deg
    whole, cut_off = [], []
    for e in spell.excursions:
        seen_s = (max(e.start_s, span_s[0]), min(e.end_s, span_s[1]))
        if seen_s[0] >= seen_s[1]:
            continue
        seen = slice(*np.searchsorted(leg.time_s, seen_s))
        if seen_s == (e.start_s, e.end_s) or _is_whole(up[slice(*_indices(leg, e))], up[seen]):
            whole.append(e)
        elif (size_deg := float(np.ptp(up[seen]))) >= MIN_RANGE_DEG:
            cut_off.append(Partial(*seen_s, size_deg, "cut_off"))
    return Spell(whole, spell.rest_s), cut_off


def _indices(leg: LegCurve, e: CommandedExcursion) -> tuple[int, int]:
    begin, end = np.searchsorted(leg.time_s, (e.start_s, e.end_s))
    return int(begin), int(end)


def _is_whole(up: FloatArray, seen: FloatArray) -> bool:
    """Whether the far end was seen and both ways to within 15 % of the range from their resting ends."""
    far = float(up.max())
    range_deg = far - max(float(up[0]), float(up[-1]))
    both_ways = max(seen[0] - up[0], seen[-1] - up[-1]) <= _NEAR_REST * range_deg
    return bool(both_ways and seen.max() >= far - _AT_FAR_END * range_deg)


def _place_s(place: CutPlace, score: Score, t: FloatArray, up: FloatArray) -> float:
    """When the leg is at a place of the set.

    Parameters
    ----------
    up : (n,) float
        Leg elevation away from the resting end.
    """
    e = score.excursions[place.rep]
    out_s, back_s = sorted((e.rising, e.lowering))
    if place.phase in ("out", "back"):
        return _elapsed_s(t, up, out_s if place.phase == "out" else back_s, place.share)
    after = [other.start_s for other in score.excursions[place.rep + 1 : place.rep + 2]]
    begin_s, end_s = (out_s[1], back_s[0]) if place.phase == "far" else (e.end_s, *after, score.rest_s[1])[:2]
    return begin_s + place.share * (end_s - begin_s)


def _elapsed_s(t: FloatArray, up: FloatArray, way_s: Span, share: float) -> float:
    """When the leg has first gone a share of a way."""
    begin, end = np.searchsorted(t, way_s)
    way = up[begin:end]
    gone = np.abs(way - way[0]) >= share * abs(way[-1] - way[0])
    return float(t[begin + int(np.argmax(gone))])
