"""What is said in the rest between two sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_ranks import make
from imu_reps.domain.cue import Cue
from imu_reps.domain.recording import Side

#: A rest begins in silence: the last words of the set before it may still be heard.
BEGIN_S = 2.5
#: A rest is told when so much of it is left,
REST_TOLD_S = (30, 10)
#: unless so little of it was before that.
LEAST_BEFORE_S = 10.0
#: So long before the next set the person is asked to lie down: the tilt zero wants a still second.
LIE_DOWN_S = 4.0
#: Between two cues of a rest there is at least so much silence.
SILENCE_S = 0.5


def rest_cues(rest_s: float, move_to: Side | None, began_s: float) -> tuple[Cue, ...]:
    """The rest between two sets: that it began, what is to be moved, how much is left, and its end.

    Nothing runs into the next set, or into what was said before it: of a rest that is too short for all its
    words some are left out, and in the shortest nothing is said.
    """
    ends_s = began_s + rest_s
    cues: list[Cue] = []
    free_s = began_s + BEGIN_S
    for cue in _wanted(rest_s, move_to, began_s):
        until_s = min(cue.until_s, ends_s - cue.lasts_s)
        if free_s <= cue.due_s < until_s:
            cues.append(replace(cue, until_s=until_s))
            free_s = cue.due_s + cue.lasts_s + SILENCE_S
    return tuple(cues)


def _wanted(rest_s: float, move_to: Side | None, began_s: float) -> Iterator[Cue]:
    """All that a long rest has to say, in order; of the sensor that has to be moved twice."""
    ends_s, evidence = began_s + rest_s, f"rest of {rest_s:.0f} s"
    told_s = [left_s for left_s in REST_TOLD_S if left_s <= rest_s - LEAST_BEFORE_S]
    said = [words.seconds_left(left_s) for left_s in told_s]
    if move_to is None:
        yield make("rest", words.REST, began_s + BEGIN_S, evidence, tone="notice")
    else:
        evidence = f"the next set is for the {move_to} leg"
        first = words.rest_and_switch(move_to)
        yield make("switch_sides", first, began_s + BEGIN_S, evidence, tone="notice")
        said[:1] = [words.left_to_switch(left_s, move_to) for left_s in told_s[:1]]
    for left_s, text in zip(told_s, said, strict=True):
        yield make("rest", text, ends_s - left_s, f"{left_s} s of rest left", tone="notice")
    lie_down = "a new zero before the next set"
    yield make("rest", words.LIE_STILL, ends_s - LIE_DOWN_S, lie_down, tone="notice")
