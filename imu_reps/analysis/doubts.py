"""What an estimate of a set is not sure of, or had to make up for, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from imu_reps.analysis.estimate import EstimatorParams, SetEstimate
from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set_summary import PARTIAL_REPS
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty
from imu_reps.domain.summary import Finding

_SURE: dict[Certainty, str] = {"fair": "Fairly certain", "low": "Not certain"}


def doubts(whole: SetEstimate, header: Header) -> list[Finding]:
    """Findings of a set's estimate: its count, its spells, the strap, the zero."""
    counted = [] if header.exercise in HOLDS else [*_count(whole), *_interrupted(whole, header)]
    return [*counted, *_turned(whole), *_zero(whole)]


def _count(whole: SetEstimate) -> list[Finding]:
    if whole.certainty is None or whole.certainty not in _SURE:
        return []
    message = f"{_SURE[whole.certainty]}: {_reps(len(whole.segmentation.reps))}{_otherwise(whole)}."
    return [Finding("count_uncertain", (), message)]


def _otherwise(whole: SetEstimate) -> str:
    """What the count may have been, and by which swings, where these are known."""
    count, other = len(whole.segmentation.reps), whole.other_count
    if other is None or other == count:
        return ""
    if count == 0:
        return f"; {other} if the swings that were seen were leg raises"
    if other == 0:
        return "; none if it was something else that swung the leg"
    by = _more(whole, other - count) if other > count else _fewer(whole, count - other)
    return f"; {other} if {by}" if by else f"; it may have been {other}"


def _more(whole: SetEstimate, more: int) -> str:
    """The largest swings that were not counted, if they are so many that nearly were."""
    found = whole.segmentation
    nearly = (1.0 - EstimatorParams().near_share) * found.threshold_deg
    swings = [
        small.excursion
        for small in found.partials
        if small.reason in PARTIAL_REPS
        and (small.reason == "cut_off" or small.excursion.smaller_way_deg > nearly)
    ]
    if len(swings) != more:
        return ""
    if all(small.reason == "cut_off" for small in found.partials if small.excursion in swings):
        return f"what the recording cuts off {_at(swings, whole)} is one" if more == 1 else ""
    if more == 1:
        return f"the swing {_at(swings, whole)} was one"
    return f"the swings {_at(swings, whole)} were reps too"


def _fewer(whole: SetEstimate, fewer: int) -> str:
    """The smallest repetitions, if they are so many that hardly counted."""
    found = whole.segmentation
    hardly = (1.0 + EstimatorParams().near_share) * found.threshold_deg
    numbers = [k for k, rep in enumerate(found.reps, start=1) if rep.smaller_way_deg < hardly]
    if len(numbers) != fewer:
        return ""
    if fewer == 1:
        return f"rep {numbers[0]} was only a small movement"
    return f"reps {_listed([str(number) for number in numbers])} were only small movements"


def _interrupted(whole: SetEstimate, header: Header) -> list[Finding]:
    """Where the person left the posture between repetitions."""
    far = [rep.far.tick for rep in whole.segmentation.reps]
    used = [spell for spell in whole.posture.spells if any(spell.start <= tick < spell.stop for tick in far)]
    time_s = whole.track.time_s
    gaps = [
        f"from {time_s[before.stop - 1]:.0f} s to {time_s[after.start]:.0f} s"
        for before, after in pairwise(used)
    ]
    if not gaps:
        return []
    posture = "hanging" if header.posture == "hanging" else "lying"
    message = (
        f"The set was interrupted {_listed(gaps)}: you were not {posture} then. "
        "The reps before and after are one set."
    )
    return [Finding("interrupted", (), message)]


def _turned(whole: SetEstimate) -> list[Finding]:
    """Where the strap turned on the shank."""
    slips = () if whole.leg is None else whole.leg.slips
    return [
        Finding(
            "ankle_turned",
            (),
            f"The ankle sensor turned on the shank by about {slip.turned_deg:.0f}° at "
            f"{whole.track.time_s[slip.tick]:.0f} s; from there on it was aligned anew.",
        )
        for slip in slips
    ]


def _zero(whole: SetEstimate) -> list[Finding]:
    if not whole.pelvis.between_reps:
        return []
    message = (
        "The pelvis zero had to be taken between repetitions: "
        "an arch that was there already then is not seen."
    )
    return [Finding("zero_between_reps", (), message)]


def _at(swings: Sequence[Excursion], whole: SetEstimate) -> str:
    times = [f"{whole.track.time_s[swing.far.tick]:.0f} s" for swing in swings]
    return f"at {_listed(times)}"


def _reps(count: int) -> str:
    return "no reps" if count == 0 else f"{count} rep{'' if count == 1 else 's'}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
