"""Judgement: a measured repetition becomes a `Rep` with flags, faults and what could not be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from imu_reps.analysis.faults.detectors import DETECTORS
from imu_reps.analysis.faults.verdict import RepView
from imu_reps.analysis.reps.measure import Measured
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Flag, Rep
from imu_reps.domain.settings import Settings

_SHARED = tuple(
    field.name for field in fields(Rep) if field.name in {other.name for other in fields(Measured)}
)


def judge(
    measured: Sequence[Measured], motion: SetMotion, settings: Settings, ankle_rate_hz: float | None
) -> list[Rep]:
    """Judge the repetitions of a set, each against its limits and against the others."""
    return [
        judge_rep(number, RepView(rep, motion, settings, measured, ankle_rate_hz, number == len(measured)))
        for number, rep in enumerate(measured, start=1)
    ]


def judge_rep(number: int, view: RepView) -> Rep:
    """Judge one repetition."""
    verdicts = [verdict for detect in DETECTORS if (verdict := detect(view)) is not None]
    faults = tuple(verdict.fault for verdict in verdicts if verdict.fault is not None)
    flags = tuple(fault.code for fault in faults if fault.level == "flag")
    not_judged = tuple(verdict.code for verdict in verdicts if not verdict.judged)
    return Rep(
        number=number,
        flags=flags,
        not_judged=not_judged,
        clean=_clean(bool(flags), _needed(view.motion.header) & set(not_judged)),
        faults=faults,
        **{name: getattr(view.rep, name) for name in _SHARED},
    )


def _needed(header: Header) -> set[Flag]:
    """What must be judged before a repetition is clean: not what its posture never shows."""
    return {"back_arch"} if header.posture == "hanging" else {"back_arch", "hip_pop"}


def _clean(flagged: bool, unjudged: set[Flag]) -> bool | None:
    if flagged:
        return False
    return None if unjudged else True
