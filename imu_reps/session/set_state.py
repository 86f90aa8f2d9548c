"""State of a running set: the only place that holds it, changed by events alone."""

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
    """State of a set at one moment.

    Attributes
    ----------
    stage : Stage
        ``waiting`` for stillness; ``ready``: repetitions count; ``running`` from the first movement on;
        ``ended``.
    phase : Phase or None
        None while the leg's position, and so its direction, is unknown.
    phase_since_s : float
        File time of the last change of phase.
    count : int
        Completed repetitions.
    counted : int
        Repetitions as the coach counted them aloud: a moment ahead of `count`.
    last_rep : Rep or None
    held_s : float or None
        Duration of the current hold; None: no hold.
    ended : str or None
        Why the set ended; None while it runs.
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
        """Whether stillness in the starting posture (lying, hanging) has been detected."""
        return self.stage != "waiting"


def ended(state: SetState, reason: str) -> SetState:
    """Return the state of a set that is over."""
    return replace(state, stage="ended", ended=reason, phase=None, held_s=None)


def counted_aloud(state: SetState, count: int) -> SetState:
    """Return the state with the count spoken by the coach; a set that is over keeps its final count."""
    return state if state.stage == "ended" else replace(state, counted=count)


def after(state: SetState, event: Event) -> SetState:
    """Return the state after an event of the pipeline."""
    match event:
        case Ready() if state.stage == "waiting":
            state = replace(state, stage="ready")
        case PhaseChanged(time_s=time_s, phase=phase, leg_elevation_deg=elevation_deg):
            begins = state.stage == "ready" and phase in ("concentric", "eccentric")
            stage: Stage = "running" if begins else state.stage
            known = None if elevation_deg is None else phase
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
