"""Gauges of the live panel, a line each: the tempo, the leg's height, the bands of the pelvis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from rich.text import Text

from imu_reps.domain.events import Phase
from imu_reps.view.snapshot import Aim, Alert, Snapshot

#: Columns of a gauge's name and of its value; the bar has the rest.
NAME_COLUMNS = 6
VALUE_COLUMNS = 15
MIN_BAR = 6

#: Bands reach so far to either side, degrees.
SPAN_DEG = 15.0
#: The leg's way.
WAY_DEG = 90.0
#: A part of the tempo that takes so much longer than it should is late.
LATE = 1.25

STYLES: dict[Alert, str] = {"none": "green", "watch": "yellow", "flag": "bold red"}
_WORDS: dict[Alert, str] = {"none": "good", "watch": "watch", "flag": "too far"}
_PARTS: dict[Phase, str] = {"eccentric": "down", "bottom": "hold", "concentric": "up", "top": "hold"}


@dataclass(frozen=True, slots=True)
class Marks:
    """What bars are drawn with: zones differ by mark, not by colour alone."""

    full: str
    empty: str
    floor: str
    needle: str
    zones: dict[Alert, str]


BLOCKS = Marks("█", "░", "║", "█", {"none": "─", "watch": "▒", "flag": "▓"})
PLAIN = Marks("#", ".", "|", "O", {"none": "-", "watch": "=", "flag": "X"})


@dataclass(frozen=True, slots=True)
class Gauge:
    """One line: a name, a bar that fills the room there is, a value."""

    name: str
    bar: Callable[[int], Text]
    value: str
    style: str = ""

    def line(self, columns: int) -> Text:
        """The line, no longer than `columns`; without its bar where that would be a stump."""
        room = columns - NAME_COLUMNS - VALUE_COLUMNS - 1
        line = Text(self.name.ljust(NAME_COLUMNS), no_wrap=True)
        if room >= MIN_BAR:
            line.append_text(self.bar(room)).append(" ")
        return line.append(self.value, style=self.style)


def gauges(picture: Snapshot, marks: Marks) -> list[Gauge]:
    """All gauges of a picture, the most important first; those that belong together follow each other."""
    aim, bounds = picture.aim, picture.limits
    tempo = [_tempo(picture, marks)] if _aims_at_tempo(aim) else []
    watch, flag = bounds.tilt_watch_deg, bounds.tilt_flag_deg
    tilt = _band("back", picture.tilt_deg, lambda deg: _zone(deg, watch, flag), marks)
    wide, far = bounds.rotation_watch_deg, bounds.rotation_flag_deg
    rotation = _band("hips", picture.rotation_deg, lambda deg: _zone(abs(deg), wide, far), marks)
    return [*tempo, _leg(picture, marks), tilt, rotation]


def degrees(angle_deg: float | None) -> str:
    """Whole degrees, or that there are none."""
    return "not measured" if angle_deg is None else f"{round(angle_deg)}°"


def _aims_at_tempo(aim: Aim) -> bool:
    return aim.eccentric_s is not None


def _tempo(picture: Snapshot, marks: Marks) -> Gauge:
    """Seconds gone of this part of the tempo; the lowering's before the first movement."""
    phase = picture.phase or "eccentric"
    whole_s = _target_s(picture.aim, phase)
    runs = picture.state == "running" and picture.phase is not None
    elapsed_s = max(0.0, picture.time_s - picture.phase_since_s) if runs else 0.0
    value, style = _pace(picture, phase, elapsed_s, whole_s)
    share = min(1.0, elapsed_s / whole_s) if whole_s > 0.0 else 0.0

    def bar(columns: int) -> Text:
        full = round(share * columns)
        return Text(full * marks.full, style=style or "cyan").append((columns - full) * marks.empty, "dim")

    return Gauge(_PARTS[phase], bar, value, style)


def _target_s(aim: Aim, phase: Phase) -> float:
    return {
        "eccentric": aim.eccentric_s,
        "bottom": aim.bottom_s,
        "concentric": aim.concentric_s,
        "top": aim.top_s,
    }[phase] or 0.0


def _pace(picture: Snapshot, phase: Phase, elapsed_s: float, whole_s: float) -> tuple[str, str]:
    """How the part stands in words, and its colour; `slower` was said in this lowering: too fast."""
    cue = picture.cue
    slower = cue is not None and cue.code == "slower" and picture.phase_since_s <= cue.time_s
    if phase == "eccentric" and slower:
        return f"{elapsed_s:.1f} s too fast", STYLES["watch"]
    if whole_s == 0.0:
        return "no hold", ""
    if elapsed_s > LATE * whole_s:
        return f"{elapsed_s:.1f} of {whole_s:g} s late", STYLES["watch"]
    return f"{elapsed_s:.1f} of {whole_s:g} s", ""


def _leg(picture: Snapshot, marks: Marks) -> Gauge:
    """The leg's height, and the person's floor and the height aimed at as marks in it."""
    leg_deg, limits = picture.leg_deg, picture.limits
    set_deg = {"bold magenta": limits.floor_deg, "bold green": limits.aimed_deg}
    lowest_deg = -WAY_DEG if picture.aim.exercise == "heel_tap" else 0.0

    def cell(angle_deg: float, columns: int) -> int:
        return round(max(0.0, min(1.0, (angle_deg - lowest_deg) / WAY_DEG)) * columns)

    def bar(columns: int) -> Text:
        full = 0 if leg_deg is None else cell(leg_deg, columns)
        text = Text(full * marks.full, style="blue").append((columns - full) * marks.empty, "dim")
        for style, angle_deg in set_deg.items():
            if angle_deg is not None:
                at = min(cell(angle_deg, columns), columns - 1)
                text = text[:at].append(marks.floor, style).append_text(text[at + 1 :])
        return text

    floor = "" if limits.floor_deg is None else f" floor {round(limits.floor_deg)}°"
    aimed = "" if limits.aimed_deg is None else f" aim {round(limits.aimed_deg)}°"
    shown = "-" if leg_deg is None and (floor or aimed) else degrees(leg_deg)
    return Gauge("leg", bar, f"{shown}{floor}{aimed}")


def _zone(deviation_deg: float, watch_deg: float, flag_deg: float) -> Alert:
    if deviation_deg > flag_deg:
        return "flag"
    return "watch" if deviation_deg > watch_deg else "none"


def _band(name: str, angle_deg: float | None, zone: Callable[[float], Alert], marks: Marks) -> Gauge:
    """A needle among zones."""

    def bar(columns: int) -> Text:
        levels = [zone(_angle_at(cell, columns)) for cell in range(columns)]
        text = Text()
        for level, cells in groupby(levels):
            text.append(len(list(cells)) * marks.zones[level], STYLES[level])
        if angle_deg is None:
            return text
        # Blanks beside the needle set it off from every zone.
        at = max(1, min(columns - 2, _cell_of(angle_deg, columns)))
        return text[: at - 1].append(f" {marks.needle} ", "bold").append_text(text[at + 2 :])

    if angle_deg is None:
        return Gauge(name, bar, degrees(None), "dim")
    level = zone(angle_deg)
    return Gauge(name, bar, f"{degrees(angle_deg)} {_WORDS[level]}", STYLES[level])


def _angle_at(cell: int, columns: int) -> float:
    """The angle in the middle of a bar's cell."""
    return (2.0 * (cell + 0.5) / columns - 1.0) * SPAN_DEG


def _cell_of(angle_deg: float, columns: int) -> int:
    share = (max(-SPAN_DEG, min(SPAN_DEG, angle_deg)) / SPAN_DEG + 1.0) / 2.0
    return int(share * columns)
