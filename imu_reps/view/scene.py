"""From what is known of a set to the picture of it: pure functions, one picture in, the next one out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from imu_reps.domain.cue import Cue, CueCode
from imu_reps.domain.events import (
    Event,
    HoldBegan,
    HoldEnded,
    HoldGoesOn,
    PhaseChanged,
    PostureLeft,
    Ready,
    SensorBack,
    SensorSilent,
    SetEnded,
)
from imu_reps.domain.exercise import Exercise
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Header, Recording, Side, Start, default_posture
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.domain.tempo import Tempo
from imu_reps.view.snapshot import (
    Aim,
    Alert,
    Counted,
    CueShown,
    CueView,
    Ended,
    LimitsView,
    LinkView,
    Moment,
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


def first_picture(header: Header, settings: Settings) -> Snapshot:
    """Of a recorded set, before anything has arrived."""
    aim = aim_of(header.exercise, header.side, header.start, header.tempo_target)
    return Snapshot(replace(aim, posture=header.posture), limits(settings, header.floor_deg))


def played_picture(recording: Recording, settings: Settings) -> Snapshot:
    """Of a recording as it begins to be played."""
    links = {place: LinkView("streaming") for place in SENSOR_PLACES if recording.samples(place)}
    return replace(first_picture(recording.header, settings), started=True, links=links)


def aim_of(
    exercise: Exercise, side: Side | None, start: Start, tempo: Tempo | None, reps: int | None = None
) -> Aim:
    """What a set is meant to be."""
    aim = Aim(exercise, side, start, default_posture(exercise), reps)
    if tempo is None:
        return aim
    return replace(
        aim,
        eccentric_s=tempo.eccentric_s,
        bottom_s=tempo.bottom_s,
        concentric_s=tempo.concentric_s,
        top_s=tempo.top_s,
    )


def limits(settings: Settings, floor_deg: float | None = None) -> LimitsView:
    """The bands of these settings."""
    return LimitsView(
        settings.tilt_watch_deg,
        settings.tilt_flag_deg,
        settings.rotation_watch_deg,
        settings.rotation_flag_deg,
        floor_deg,
    )


def posed(picture: Snapshot, pose: Pose | None) -> Snapshot:
    """The wearer moved."""
    if pose is None:
        return picture
    return replace(
        picture,
        time_s=round(pose.time_s, 3),
        leg_deg=_leg_deg(picture, pose),
        tilt_deg=_shown(pose.pelvic_tilt_deg),
        rotation_deg=_shown(pose.pelvic_rotation_deg),
    )


def next_picture(
    picture: Snapshot, pose: Pose | None, events: Iterable[Event], cues: Iterable[Cue], count: int
) -> tuple[Snapshot, list[Moment]]:
    """Everything that is new, at once.

    Parameters
    ----------
    pose : Pose or None
    events : iterable of Event
        What the pipeline said.
    cues : iterable of Cue
        What the coach says.
    count : int
        Repetitions as the coach counted them.

    Returns
    -------
    Snapshot
    list of Moment
    """
    picture, moments = posed(picture, pose), list[Moment]()
    for event in events:
        picture, more = heard(picture, event)
        moments += more
    picture, more = counted(picture, count, picture.time_s)
    moments += more
    for cue in cues:
        picture, more = cued(picture, cue)
        moments += more
    return picture, moments


def heard(picture: Snapshot, event: Event) -> tuple[Snapshot, tuple[Moment, ...]]:
    """The pipeline said something; what counts is said by `counted`."""
    moments: tuple[Moment, ...] = ()
    match event:
        case Ready() if picture.state == "waiting":
            picture = replace(picture, state="ready")
        case PhaseChanged():
            picture = _in_phase(picture, event)
        case PostureLeft():
            picture = replace(picture, phase=None)
        case HoldBegan():
            picture = replace(picture, state="running", held_s=0.0)
        case HoldGoesOn(held_s=held_s):
            picture = replace(picture, held_s=float(held_s))
        case HoldEnded():
            picture = replace(picture, held_s=None)
        case SensorSilent(sensor=sensor):
            picture = linked(picture, sensor, LinkView("silent"))
        case SensorBack(sensor=sensor):
            picture = linked(picture, sensor, LinkView("streaming"))
        case SetEnded(time_s=time_s, reason=reason, rep_count=total):
            picture = replace(picture, state="ended", ended=reason, count=total or 0, phase=None, held_s=None)
            moments = (Ended(time_s, reason, total),)
    return picture, moments


def counted(picture: Snapshot, count: int, time_s: float) -> tuple[Snapshot, tuple[Moment, ...]]:
    """So many repetitions were counted so far: what the voice says is what is shown."""
    if count == picture.count or picture.state == "ended":
        return picture, ()
    return replace(picture, count=count), (Counted(time_s, count, taken_back=count < picture.count),)


def cued(picture: Snapshot, cue: Cue) -> tuple[Snapshot, tuple[Moment, ...]]:
    """The coach gave a cue."""
    view = CueView(round(cue.time_s, 3), cue.code, cue.words, cue.tone, alert(cue))
    return (replace(picture, cue=view) if cue.words else picture), (CueShown(view),)


def alert(cue: Cue) -> Alert:
    """How a cue colours the screen: what is about to go wrong is less grave than what has."""
    gravely = ALERTS.get(cue.code, "none")
    if cue.tone != "notice":
        return gravely
    return "watch" if cue.code == "press_back" else "none"


def linked(picture: Snapshot, sensor: SensorPlace, link: LinkView) -> Snapshot:
    """One sensor's link is now this."""
    return replace(picture, links={**picture.links, sensor: link})


def _leg_deg(picture: Snapshot, pose: Pose) -> float | None:
    """Leg elevation; where the leg starts high its height is not known before it moves."""
    unmoved = picture.aim.start == "high" and picture.state in ("waiting", "ready")
    return None if unmoved else _shown(pose.leg_elevation_deg)


def _in_phase(picture: Snapshot, event: PhaseChanged) -> Snapshot:
    begins = picture.state == "ready" and event.phase in ("concentric", "eccentric")
    state = "running" if begins else picture.state
    return replace(picture, state=state, phase=event.phase, phase_since_s=event.time_s)


def _shown(angle_deg: float | None) -> float | None:
    return None if angle_deg is None else round(angle_deg, DECIMALS)
