"""The words of a picture of a set, as the live panel shows them."""

from __future__ import annotations

from imu_reps.cli import session_words as words
from imu_reps.domain.exercise import HOLDS
from imu_reps.view.snapshot import Alert, Snapshot

#: A cue stays so long.
CUE_SHOWN_S = 2.5


def title(picture: Snapshot, columns: int) -> str:
    """What is done, and which set of how many where there is room for it."""
    if not picture.started:
        return "imu-reps"
    exercise, which = words.exercise(picture.aim), words.which_set(picture.set_number, picture.set_of)
    both = f"{exercise} · {which}"
    return both if which and len(both) <= columns else exercise


def figure(picture: Snapshot) -> str:
    """What is shown largest: the count; what is left of a rest, how long a hold lasts, else the time.

    Empty before anything has begun.
    """
    if picture.state == "resting":
        return words.clock(picture.remaining_s or 0.0)
    if not picture.started:
        return ""
    if not picture.aim.counts:
        return words.clock(picture.time_s)
    return words.clock(picture.held_s or 0.0) if picture.aim.exercise in HOLDS else str(picture.count)


def phase(picture: Snapshot) -> str:
    """What the leg does; of a rest, that it is one."""
    if picture.state == "resting":
        return "rest"
    return words.PHASES.get(picture.phase or "", "") if picture.state == "running" else ""


def meaning(picture: Snapshot) -> list[str]:
    """What the largest figure means, and the time; may be nothing."""
    if picture.state == "resting":
        next_set = words.which_set(picture.set_number + 1, picture.set_of)
        return [f"until {next_set or 'the next set'}"]
    if not picture.started:
        return ["Keep them near and awake."]
    if not picture.aim.counts:
        return ["since it began"]
    if picture.aim.exercise in HOLDS:
        return ["held"]
    return [words.count(picture.count, picture.aim.reps), words.clock(picture.time_s)]


def message(picture: Snapshot) -> tuple[str, Alert]:
    """The cue that was given a moment ago, or what there is to do, and how grave it is."""
    cue = picture.cue
    if cue is None or cue.words == str(picture.count) or picture.state == "ended":
        return _to_do(picture), "none"
    fresh = 0.0 <= picture.time_s - cue.time_s <= CUE_SHOWN_S
    return (cue.words, cue.alert) if fresh else (_to_do(picture), "none")


def _to_do(picture: Snapshot) -> str:
    match picture.state:
        case "waiting":
            return "be still for a moment" if picture.started else _looked_for(picture)
        case "ready":
            return "ready when you are"
        case "resting":
            missing = [place for place, link in picture.links.items() if link.state != "streaming"]
            if missing and not picture.remaining_s:
                return f"waiting for the {' and the '.join(missing)} sensor"
            return words.move(picture.move_to).rstrip(".")
        case "ended":
            return "set over"
        case _:
            return ""


def _looked_for(picture: Snapshot) -> str:
    awaited = [place for place, link in picture.links.items() if link.state == "awaited"]
    return f"looking for the {awaited[0]} sensor" if len(awaited) == 1 else "looking for both sensors"
