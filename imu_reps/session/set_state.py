"""How a running set stands: the one place that knows, changed by what happens and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from imu_reps.domain.events import (
    Event,
    HoldBegan,
    HoldEnded,
    HoldGoesOn,
    Phase,
    PhaseChanged,
    PostureLeft,
    Ready,
    RepCompleted,
    RepRetracted,
    SetEnded,
)
from imu_reps.domain.rep import Rep

Stage = Literal["waiting", "ready", "running", "ended"]


@dataclass(frozen=True, slots=True)
class SetState:
    """A set at one moment.

    Attributes
    ----------
    stage : Stage
        ``waiting`` for stillness; ``ready``: repetitions count; ``running`` from the first movement on;
        ``ended``.
    phase : Phase or None
        None while nobody knows where the leg is, and so which way it goes.
    phase_since_s : float
        When the phase was known to begin, in the file's seconds.
    count : int
        Completed repetitions.
    counted : int
        Repetitions as the coach counted them aloud: a moment ahead of `count`.
    last_rep : Rep or None
    held_s : float or None
        How long a hold lasts by now; None: not held, or nothing to be held.
    ended : str or None
        Why it ended.
    """

    stage: Stage = "waiting"
    phase: Phase | None = None
    phase_since_s: float = 0.0
    count: int = 0
    counted: int = 0
    last_rep: Rep | None = None
    held_s: float | None = None
    ended: str | None = None

    @property
    def ready(self) -> bool:
        """Whether lying (hanging) and still was seen."""
        return self.stage != "waiting"


def ended(state: SetState, reason: str) -> SetState:
    """The set is over."""
    return replace(state, stage="ended", ended=reason, phase=None, held_s=None)


def counted_aloud(state: SetState, count: int) -> SetState:
    """The coach has counted so far; what is over has its count."""
    return state if state.stage == "ended" else replace(state, counted=count)


def after(state: SetState, event: Event) -> SetState:
    """The state after an event of the pipeline."""
    match event:
        case Ready() if state.stage == "waiting":
            state = replace(state, stage="ready")
        case PhaseChanged(time_s=time_s, phase=phase, leg_elevation_deg=where):
            begins = state.stage == "ready" and phase in ("concentric", "eccentric")
            stage: Stage = "running" if begins else state.stage
            known = None if where is None else phase
            state = replace(state, stage=stage, phase=known, phase_since_s=time_s)
        case RepCompleted(number=number, rep=rep):
            state = replace(state, count=number, last_rep=rep)
        case RepRetracted(rep_count=count):
            state = replace(state, count=count)
        case PostureLeft():
            state = replace(state, phase=None)
        case HoldBegan():
            state = replace(state, stage="running", held_s=0.0)
        case HoldGoesOn(held_s=held_s):
            state = replace(state, held_s=float(held_s))
        case HoldEnded():
            state = replace(state, held_s=None)
        case SetEnded(reason=reason, rep_count=total):
            state = replace(ended(state, reason), count=total or 0, counted=total or 0)
    return state
