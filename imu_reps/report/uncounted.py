"""What was seen and not counted, and why, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from imu_reps.domain.rep import Partial, PartialReason
from imu_reps.domain.summary import Summary
from imu_reps.report.figures import counted, degrees, listed, written

#: Movements are named by their times up to this many.
_TIMES_NAMED = 4

#: Why swings that were seen are no repetitions, where there is nothing else.
_NO_REPS: dict[PartialReason, str] = {
    "cut_off": "The leg went out, and had not come back when the recording ended",
    "not_carried_round_hip": "The leg moved, but not as a leg that is raised from the hip",
    "walking": "The leg swung as it does in walking",
    "practice": "All reps were for practice",
    "by_hand": "What the sensors counted was taken out by hand",
}


def nothing_sentences(summary: Summary) -> list[str]:
    """Why nothing was counted: by what most of the leg's movement was."""
    if any(finding.code == "never_ready" for finding in summary.findings):
        return []
    moved: dict[PartialReason, float] = {}
    for partial in summary.partials:
        moved[partial.reason] = moved.get(partial.reason, 0.0) + partial.range_deg
    reason: PartialReason = max(moved, key=lambda one: moved[one]) if moved else "too_small"
    minimum = f"The leg never went out and back by at least {degrees(summary.settings.min_range_deg)}"
    apart = f"The leg moved only while you were not {_posture(summary)}"
    words = {"too_small": minimum, "out_of_posture": apart, **_NO_REPS}[reason]
    return [f"{words}, so there is nothing to count."]


def _posture(summary: Summary) -> str:
    return "hanging" if summary.recording.posture == "hanging" else "lying"


def partial_sentences(summary: Summary) -> list[str]:
    """Swings that were seen and not counted, with their reason: a sentence each."""
    by_reason: dict[PartialReason, list[Partial]] = {}
    for partial in summary.partials:
        by_reason.setdefault(partial.reason, []).append(partial)
    return [_uncounted(reason, some, summary) for reason, some in by_reason.items()]


def _uncounted(reason: PartialReason, partials: Sequence[Partial], summary: Summary) -> str:
    times = [written(max(partial.start_s, 0.0), "s") for partial in partials[:_TIMES_NAMED]]
    if len(partials) > _TIMES_NAMED:
        times.append(f"{len(partials) - _TIMES_NAMED} times more")
    what = {
        "too_small": counted(len(partials), "smaller movement"),
        "cut_off": f"{counted(len(partials), 'rep')} that the recording cuts off",
        "not_carried_round_hip": f"{counted(len(partials), 'swing')} unlike a leg raised from the hip",
        "out_of_posture": f"{counted(len(partials), 'swing')} made while not {_posture(summary)}",
        "walking": f"{counted(len(partials), 'swing')} as in walking",
        "practice": f"{counted(len(partials), 'rep')} for practice,",
        "by_hand": f"{counted(len(partials), 'rep')} taken out by hand,",
    }[reason]
    told = f"{what} not counted"
    return f"{told}." if reason == "practice" else f"{told}, at {listed(times)}."  # those are the first
