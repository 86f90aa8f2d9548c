"""From what a session tells to the picture of it: pure, one picture in, the next one out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.report.findings import worded
from imu_reps.sensors.stream_items import SensorStatus
from imu_reps.session.recorder import Finished
from imu_reps.session.session_events import (
    Connecting,
    Cued,
    DiskRefused,
    Heard,
    LinkTold,
    Resting,
    SetBegan,
    SetDone,
    SetProgress,
    Told,
)
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.scene import aim_of, counted, cued, heard, limits, linked, posed
from imu_reps.view.snapshot import LinkView, Moment, Snapshot

#: The person's floor in a set, degrees; None: not known.
FloorOf = Callable[[SetGoal], float | None]

Change = tuple[Snapshot, tuple[Moment, ...]]


def goal_picture(goal: SetGoal, settings: Settings, floor_deg: float | None) -> Snapshot:
    """Of a set to come, before anything has arrived."""
    aim = aim_of(goal.exercise, goal.side, goal.start, goal.tempo, goal.reps)
    return Snapshot(aim, limits(settings, floor_deg), started=True)


def session_picture(picture: Snapshot, told: Told, first: Callable[[SetGoal], Snapshot]) -> Change:
    """The picture after a session told something, and the moments that came with it.

    Parameters
    ----------
    picture : Snapshot
    told : Told
    first : callable
        The picture of a set before anything has arrived, see `goal_picture`.
    """
    moments: tuple[Moment, ...] = ()
    match told:
        case SetBegan():
            picture = replace(first(told.goal), set_number=told.number, set_of=told.of, links=picture.links)
        case Heard(event=event):
            picture, moments = heard(picture, event)
        case Cued(cue=cue):
            picture, moments = cued(picture, cue)
        case SetProgress():
            picture, moments = _progressed(picture, told)
        case Resting():
            picture = _resting(picture, told)
        case LinkTold(change=change):
            picture = linked(picture, change.sensor, LinkView(change.state))
        case DiskRefused(error=error):
            picture = replace(picture, trouble=str(error))
        case SetDone(finished=finished):
            picture, moments = _done(picture, finished)
        case Connecting():
            pass
    return picture, moments


def _progressed(picture: Snapshot, told: SetProgress) -> Change:
    picture = posed(replace(picture, time_s=round(told.time_s, 3), links=_links(told.links)), told.pose)
    return counted(picture, told.counted, picture.time_s)


def _resting(picture: Snapshot, told: Resting) -> Snapshot:
    if picture.state != "resting":  # the cues of the set have other times
        picture = replace(picture, cue=None, phase=None)
    return replace(
        picture,
        time_s=round(told.since_s, 3),
        state="resting",
        may_start=True,
        remaining_s=round(told.remaining_s, 1),
        move_to=told.move_to,
        links=_links(told.links),
    )


def _done(picture: Snapshot, finished: Finished) -> Change:
    moments: tuple[Moment, ...] = ()
    for event in finished.events:
        picture, more = heard(picture, event)
        moments += more
    problems = [str(worded(error)) for error in (finished.unusable, finished.unwritten) if error is not None]
    trouble = " ".join(problems) or None
    ended = "discarded" if finished.discarded else finished.reason
    over = replace(picture, state="ended", ended=ended, phase=None, held_s=None, trouble=trouble)
    return over, moments


def _links(links: Mapping[SensorPlace, SensorStatus]) -> dict[SensorPlace, LinkView]:
    return {
        place: LinkView(status.state, _rounded(status.rate_hz), _rounded(status.battery_percent))
        for place, status in links.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value)
