"""Why a set ended, in plain words: the same while it happens and in its report."""

from __future__ import annotations

#: Each continues "the set was ended:".
ENDED = {
    "target": "the target was reached",
    "duration": "the time was up",
    "left_posture": "you left the posture",
    "legs_down": "the legs came down",
    "user": "you ended it",
    "pain": "it hurt",
    "faulty_reps": "too many faulty reps came in a row",
    "range_lost": "the range fell by as much as you had set",
    "speed_lost": "the speed fell by as much as you had set",
    "link_lost": "the ankle sensor stayed away",
    "end_of_recording": "the recording ends",
}

#: Code of the finding of a set that was stopped with pain.
STOPPED_WITH_PAIN = "stopped_with_pain"

#: What such a set ends in, and in no diagnosis.
AFTER_PAIN = "It hurt, and you stopped. Leave it for today; if it does not pass, see a professional."

DISCARDED = "You discarded this set: it is not remembered, and not compared with others."


def ended_words(reason: str) -> str:
    """Why a set ended; a reason that is not known speaks for itself."""
    return ENDED.get(reason, reason.replace("_", " "))
