"""Agreement of counted repetitions with labels, for one set and over many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from scipy.optimize import linear_sum_assignment

from imu_reps.domain.exercise import Start
from imu_reps.domain.rep import Flag, Rep, RepLabel
from imu_reps.domain.samples import FloatArray

FLAG_NAMES: tuple[Flag, ...] = get_args(Flag)

#: Moments and durations of a repetition that are compared, measured minus labelled.
TIMES = ("start", "turn", "end", "up", "down")

#: Smallest temporal intersection over union of a label and the repetition matched with it (convention, as in
#: Caba Heilbron et al., CVPR 2015).
MIN_SHARED = 0.5

#: Fewest persons for an interval: a bootstrap over few clusters is too narrow (ours).
MIN_PERSONS = 5
CONFIDENCE = 0.95
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class SetAgreement:
    """Agreement of one set with its labels.

    Attributes
    ----------
    labelled, counted, matched : int
        Number of repetitions labelled, counted, and in both.
    errors_s : mapping
        Errors of the matched repetitions for each of `TIMES`, measured minus labelled.
    flags : mapping of Flag to tuple of int
        Number of matched repetitions with the flag in both, only measured, only labelled, and labelled but
        not judged; empty if faults were not labelled.
    """

    labelled: int
    counted: int
    matched: int
    errors_s: Mapping[str, tuple[float, ...]]
    flags: Mapping[Flag, tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure over all sets, with its confidence interval over persons; None where not available."""

    value: float | None
    low: float | None = None
    high: float | None = None


def compare(labels: Sequence[RepLabel], reps: Sequence[Rep], start: Start) -> SetAgreement:
    """Compare the repetitions of a set with its labels.

    Parameters
    ----------
    labels : sequence of RepLabel
    reps : sequence of Rep
    start : {"low", "high"}
        End at which the leg rests between repetitions.
    """
    pairs = _pairs(labels, reps)
    errors: dict[str, list[float]] = {name: [] for name in TIMES}
    for label, rep in pairs:
        for name, error_s in _errors_s(label, rep, start).items():
            errors[name].append(error_s)
    flagged = [(label.flags, rep) for label, rep in pairs if label.flags is not None]
    return SetAgreement(
        len(labels),
        len(reps),
        len(pairs),
        {name: tuple(found) for name, found in errors.items()},
        {flag: _counts(flag, flagged) for flag in FLAG_NAMES} if flagged else {},
    )


def _pairs(labels: Sequence[RepLabel], reps: Sequence[Rep]) -> list[tuple[RepLabel, Rep]]:
    """Match each label with at most one repetition, so that the total overlap is greatest."""
    if not labels or not reps:
        return []
    shared = np.array([[_shared(label, rep) for rep in reps] for label in labels])
    shared = np.where(shared >= MIN_SHARED, shared, 0.0)
    found = zip(*(side.tolist() for side in linear_sum_assignment(shared, maximize=True)), strict=True)
    return [(labels[i], reps[j]) for i, j in found if shared[i, j] > 0.0]


def _shared(label: RepLabel, rep: Rep) -> float:
    both = min(label.end_s, rep.end_s) - max(label.start_s, rep.start_s)
    return max(both, 0.0) / (max(label.end_s, rep.end_s) - min(label.start_s, rep.start_s))


def _errors_s(label: RepLabel, rep: Rep, start: Start) -> dict[str, float]:
    """Return the errors of a matched repetition.

    If a single moment is labelled at the far end, the middle of the measured pause is compared with it.
    """
    found = {"start": rep.start_s - label.start_s, "end": rep.end_s - label.end_s}
    far_s = rep.far_end_s(start)
    if label.far_s is None or far_s is None:
        return found
    middle_s = (far_s[0] + far_s[1]) / 2.0
    found["turn"] = middle_s - (label.far_s[0] + label.far_s[1]) / 2.0
    if label.far_s[0] == label.far_s[1]:
        far_s = (middle_s, middle_s)
    out, back = ("up", "down") if start == "low" else ("down", "up")
    found[out] = (far_s[0] - rep.start_s) - (label.far_s[0] - label.start_s)
    found[back] = (rep.end_s - far_s[1]) - (label.end_s - label.far_s[1])
    return found


def _counts(flag: Flag, flagged: Sequence[tuple[Sequence[Flag], Rep]]) -> tuple[int, int, int, int]:
    judged = [
        (flag in labelled, flag in rep.flags) for labelled, rep in flagged if flag not in rep.not_judged
    ]
    unjudged = sum(flag in labelled for labelled, rep in flagged if flag in rep.not_judged)
    in_both = sum(labelled and measured for labelled, measured in judged)
    measured_only = sum(measured and not labelled for labelled, measured in judged)
    labelled_only = sum(labelled and not measured for labelled, measured in judged)
    return in_both, measured_only, labelled_only, unjudged


def agreement_figures(sets: Sequence[SetAgreement], persons: Sequence[str | None]) -> dict[str, Figure]:
    """Return figures over all sets, with 95 % intervals by bootstrap over persons (percentiles, seed 0).

    Parameters
    ----------
    sets : sequence of SetAgreement
        At least one set.
    persons : sequence of str or None
        Person of each set; if one is unknown, or there are fewer than `MIN_PERSONS`, there are no intervals.
    """
    values = _figures(sets)
    names = sorted({person for person in persons if person is not None})
    if None in persons or len(names) < MIN_PERSONS:
        return {name: Figure(value) for name, value in values.items()}
    groups = [[each for each, person in zip(sets, persons, strict=True) if person == name] for name in names]
    drawn = np.random.default_rng(0).integers(len(groups), size=(RESAMPLES, len(groups)))
    distinct, which = np.unique(np.sort(drawn), axis=0, return_inverse=True)
    resampled = [_figures([each for index in chosen for each in groups[index]]) for chosen in distinct]
    return {
        name: _with_interval(value, np.array([figures[name] for figures in resampled], float)[which])
        for name, value in values.items()
    }


def _with_interval(value: float | None, resampled: FloatArray) -> Figure:
    """Return a figure with its interval; without one if a resample has no such figure, or all are equal."""
    if not np.isfinite(resampled).all() or np.ptp(resampled) < 1e-9:
        return Figure(value)
    beyond = (1.0 - CONFIDENCE) / 2.0
    low, high = np.percentile(resampled, [100.0 * beyond, 100.0 * (1.0 - beyond)]).tolist()
    return Figure(value, low, high)


def _figures(sets: Sequence[SetAgreement]) -> dict[str, float | None]:
    """Return all figures by name; None where there is nothing to compute one from."""
    off = np.array([each.counted - each.labelled for each in sets], float)
    matched = sum(each.matched for each in sets)
    figures: dict[str, float | None] = {
        "count_right_share": float((off == 0).mean()),
        "count_error_mean": float(off.mean()),
        "count_error_abs_mean": float(np.abs(off).mean()),
        "rep_recall": _share(matched, sum(each.labelled for each in sets)),
        "rep_precision": _share(matched, sum(each.counted for each in sets)),
    }
    for name in TIMES:
        errors = np.concatenate([each.errors_s[name] for each in sets])
        known = len(errors) > 0
        figures[f"{name}_s_abs_median"] = float(np.median(np.abs(errors))) if known else None
        figures[f"{name}_s_abs_p95"] = float(np.percentile(np.abs(errors), 95.0)) if known else None
        figures[f"{name}_s_bias"] = float(errors.mean()) if known else None
    for flag in FLAG_NAMES:
        both, measured, labelled, _ = flag_counts(sets, flag)
        figures[f"{flag}_precision"] = _share(both, both + measured)
        figures[f"{flag}_recall"] = _share(both, both + labelled)
    return figures


def flag_counts(sets: Sequence[SetAgreement], flag: Flag) -> tuple[int, int, int, int]:
    """Return the sums over all sets of a flag's counts in `SetAgreement.flags`."""
    counts = np.array([each.flags.get(flag, (0, 0, 0, 0)) for each in sets]).sum(axis=0)
    both, measured, labelled, unjudged = counts.tolist()
    return both, measured, labelled, unjudged


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
