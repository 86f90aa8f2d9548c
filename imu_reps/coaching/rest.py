"""What is said in the rest between two sets."""

from __future__ import annotations

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_ranks import make
from imu_reps.domain.cue import Cue
from imu_reps.domain.recording import Side

#: A rest is told when so much of it is left.
REST_TOLD_S = (30, 10)


def rest_cues(rest_s: float, move_to: Side | None, began_s: float) -> tuple[Cue, ...]:
    """The rest between two sets: that it began, what is to be moved, how much is left, and its end."""
    cues = [make("rest", words.REST, began_s, f"rest of {rest_s:.0f} s", tone="notice")]
    if move_to is not None:
        evidence = f"the next set is for the {move_to} leg"
        cues.append(make("switch_sides", words.switch_sides(move_to), began_s + 1.0, evidence, tone="notice"))
    ends_s = began_s + rest_s
    told = [left for left in REST_TOLD_S if left < rest_s - 5.0]
    cues += [
        make("rest", words.seconds_left(left), ends_s - left, f"{left} s of rest left", tone="notice")
        for left in told
    ]
    return (*cues, make("rest", words.LIE_STILL, ends_s, "rest over: a new zero is needed", tone="notice"))
