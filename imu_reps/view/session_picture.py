"""From what a session tells to the picture of it: pure, one picture in, the next one out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from imu_reps.domain.cue import Cue, CueCode
from imu_reps.domain.recording import DISCARDED, Header, default_posture
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import Pose
from imu_reps.report.findings import worded
from imu_reps.sensors.stream_items import SensorStatus
from imu_reps.session.session_events import (
    Connecting,
    CountingLate,
    Cued,
    FileMoved,
    Finished,
    LinkChanged,
    Resting,
    SessionEvent,
    SetBegan,
    SetDone,
    SetProgress,
    WriteFailed,
)
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.snapshot import (
    Aim,
    Alert,
    Counted,
    CueShown,
    CueView,
    LimitsView,
    LinkView,
    Moment,
    SetShown,
    Snapshot,
)

#: What colours the whole screen, and how gravely.
ALERTS: dict[CueCode, Alert] = {
    "stop": "flag",
    "sensor_lost": "flag",
    "press_back": "flag",
    "hips_level": "watch",
    "no_swing": "watch",
    "slower": "watch",
}
#: Angles are shown this finely.
DECIMALS = 1

Change = tuple[Snapshot, tuple[Moment, ...]]


def first_picture(header: Header, settings: Settings, reps: int | None = None) -> Snapshot:
    """Of a set, before anything has arrived."""
    aim = Aim(header.exercise, header.side, header.start, header.posture, reps)
    if (tempo := header.tempo_target) is not None:
        aim = replace(
            aim,
            eccentric_s=tempo.eccentric_s,
            bottom_s=tempo.bottom_s,
            concentric_s=tempo.concentric_s,
            top_s=tempo.top_s,
        )
    aimed_deg = header.range_target_deg if header.start == "low" else None
    return Snapshot(aim, replace(limits(settings, header.floor_deg), aimed_deg=aimed_deg))


def goal_picture(goal: SetGoal, settings: Settings) -> Snapshot:
    """Of a set to come: one that is played again waits to be started."""
    posture = default_posture(goal.exercise)
    header = Header(
        goal.exercise,
        goal.side,
        goal.start,
        posture,
        tempo_target=goal.tempo,
        range_target_deg=goal.range_target_deg,
        floor_deg=goal.floor_deg,
    )
    picture = first_picture(header, settings, goal.reps)
    return replace(picture, started=not goal.whole, may_start=goal.whole, replay=goal.whole)


def limits(settings: Settings, floor_deg: float | None = None) -> LimitsView:
    """The bands of these settings."""
    return LimitsView(
        settings.tilt_watch_deg,
        settings.tilt_flag_deg,
        settings.rotation_watch_deg,
        settings.rotation_flag_deg,
        floor_deg,
    )


def session_picture(picture: Snapshot, event: SessionEvent, settings: Settings) -> Change:
    """The picture after a session told something, and the moments that came with it."""
    moments: tuple[Moment, ...] = ()
    match event:
        case Connecting(links=links):
            picture = replace(picture, links=_links(links))
        case SetBegan():
            picture = _began(picture, event, settings)
        case Cued(cue=cue):
            picture, moments = cued(picture, cue)
        case SetProgress():
            picture, moments = _progressed(picture, event)
        case Resting():
            picture = _resting(picture, event)
        case LinkChanged(change=change):
            picture = replace(picture, links={**picture.links, change.sensor: LinkView(change.state)})
        case WriteFailed() | FileMoved() | CountingLate():
            picture = replace(picture, trouble=_trouble(event))
        case SetDone():
            picture = _done(picture, event)
    return picture, moments


def _trouble(event: WriteFailed | FileMoved | CountingLate) -> str:
    match event:
        case WriteFailed(error=error):
            return str(error)
        case FileMoved():
            return "The file of this set was removed; it was written anew."
        case CountingLate():
            return "Counting does not keep up; everything is recorded."


def cued(picture: Snapshot, cue: Cue) -> Change:
    """The coach gave a cue."""
    view = CueView(round(cue.time_s, 3), cue.code, cue.words, cue.tone, alert(cue))
    return (replace(picture, cue=view) if cue.words else picture), (CueShown(view),)


def alert(cue: Cue) -> Alert:
    """How a cue colours the screen: what is about to go wrong is less grave than what has."""
    gravely = ALERTS.get(cue.code, "none")
    if cue.tone != "notice":
        return gravely
    return "watch" if cue.code == "press_back" else "none"


def _began(picture: Snapshot, event: SetBegan, settings: Settings) -> Snapshot:
    first = first_picture(event.header, settings, event.goal.reps)
    return replace(
        first,
        aim=replace(first.aim, counts=event.goal.counts),
        started=True,
        replay=event.goal.whole,
        set_number=event.number,
        set_of=event.of,
        links=picture.links,
        sets=picture.sets,
    )


def _progressed(picture: Snapshot, event: SetProgress) -> Change:
    state, pose = event.state, event.pose or Pose(event.time_s, None, None, None)
    moments: tuple[Moment, ...] = ()
    if state.counted != picture.count and state.stage != "ended":
        moments = (Counted(round(pose.time_s, 3), state.counted, taken_back=state.counted < picture.count),)
    # Where the leg starts high its height is not known before it moves, nor what its lift does to the pelvis.
    high = picture.aim.start == "high"
    unmoved = high and state.stage in ("waiting", "ready")
    untold = high and pose.leg_elevation_deg is None and "ankle" in event.links
    return replace(
        picture,
        time_s=round(pose.time_s, 3),
        state=state.stage,
        leg_deg=None if unmoved else _shown(pose.leg_elevation_deg),
        tilt_deg=None if untold else _shown(pose.pelvic_tilt_deg),
        rotation_deg=_shown(pose.pelvic_rotation_deg),
        phase=state.phase,
        phase_since_s=state.phase_since_s,
        count=state.counted,
        held_s=state.held_s,
        ended=state.ended,
        links=_links(event.links),
    ), moments


def _resting(picture: Snapshot, event: Resting) -> Snapshot:
    if picture.state != "resting":  # the cues of the set have other times
        picture = replace(picture, cue=None, phase=None)
    return replace(
        picture,
        time_s=round(event.since_s, 3),
        state="resting",
        may_start=True,
        remaining_s=round(event.remaining_s, 1),
        move_to=event.move_to,
        links=_links(event.links),
    )


def _done(picture: Snapshot, event: SetDone) -> Snapshot:
    finished, state = event.finished, event.state
    problems = [str(worded(error)) for error in (finished.unusable, finished.unwritten) if error is not None]
    return replace(
        picture,
        state=state.stage,
        count=state.counted,
        phase=state.phase,
        held_s=state.held_s,
        ended=state.ended,
        trouble=" ".join(problems) or picture.trouble,
        sets=(*picture.sets, SetShown(event.number, _why_none(finished))),
        may_start=picture.replay,
    )


def _why_none(finished: Finished) -> str:
    """Why a set has no report; nothing where one is being made."""
    if finished.discarded:
        return DISCARDED
    return "" if finished.unusable is None else str(worded(finished.unusable))


def _links(links: Mapping[SensorPlace, SensorStatus]) -> dict[SensorPlace, LinkView]:
    return {
        place: LinkView(status.state, _rounded(status.rate_hz), _rounded(status.battery_percent))
        for place, status in links.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value)


def _shown(angle_deg: float | None) -> float | None:
    return None if angle_deg is None else round(angle_deg, DECIMALS)
