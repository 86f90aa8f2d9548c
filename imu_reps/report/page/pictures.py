"""SVG pictures of a set (leg angle, tilt, tempo) and of sets over time (reps, floor).

They are drawn in placeholder colours that become CSS variables of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.summary import StoredSet, Summary
from imu_reps.domain.tempo import Tempo
from imu_reps.domain.track import GRID_HZ, AngleTrack

#: CSS variables and the placeholder colours used for them while drawing.
COLOURS = {
    "ink": "#010101",
    "dim": "#020202",
    "rule": "#030303",
    "leg": "#040404",
    "pelvis": "#050505",
    "up": "#060606",
    "down": "#070707",
    "fault": "#080808",
    "watch": "#090909",
    "good": "#0a0a0a",
    "paper": "#0b0b0b",
}

#: Margins for ticks and labels: left, right, bottom, top.
MARGINS_IN = (0.62, 0.12, 0.52, 0.3)

_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": COLOURS["ink"],
    "axes.edgecolor": COLOURS["rule"],
    "axes.labelcolor": COLOURS["dim"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": COLOURS["dim"],
    "ytick.color": COLOURS["dim"],
    "grid.color": COLOURS["rule"],
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def drawing(name: str, *, width_in: float = 8.0, height_in: float = 2.6) -> Iterator[tuple[Figure, Axes]]:
    """Create a figure with one axes; use the colours of `COLOURS` in it.

    Parameters
    ----------
    name : str
        Salt of the picture's SVG ids, which must be unique on the page.
    """
    style: Any = {**_STYLE, "svg.hashsalt": name}
    with rc_context(style):
        figure = Figure(figsize=(width_in, height_in))
        axes = figure.subplots()
        left, right, bottom, top = MARGINS_IN
        # fixed, not fitted, so that the same set gives the same bytes
        figure.subplots_adjust(
            left / width_in, bottom / height_in, 1.0 - right / width_in, 1.0 - top / height_in
        )
        yield figure, axes


def svg(figure: Figure, title: str) -> str:
    """Render the figure as an SVG element with a title for screen readers."""
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    element = text.getvalue()
    element = element[element.index("<svg") :]
    element = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", element, count=1)
    for name, colour in COLOURS.items():
        element = element.replace(colour, f"var(--{name})")
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return element.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


@dataclass(frozen=True, slots=True)
class PictureStyle:
    """What is drawn of a set."""

    #: Time shown before the first repetition and after the last.
    margin_s: float = 2.0
    #: Averaging window of curves.
    smooth_s: float = 0.15
    #: Maximum number of labelled days under a picture, less one.
    max_named: int = 6
    #: Opacity of the first of overlaid repetitions; the last is solid.
    faintest: float = 0.25


STYLE = PictureStyle()


def leg_picture(track: AngleTrack, summary: Summary, floor_deg: float | None = None, which: str = "") -> str:
    """Plot leg angle over the set, with phases shaded, faults marked, and the floor angle as a line."""
    part = _set_part(track, summary)
    with drawing(f"leg{which}", height_in=2.8) as (figure, axes):
        for rep in summary.reps:
            for colour, start_s, end_s in phases(rep, summary.recording.start):
                axes.axvspan(start_s, end_s, color=COLOURS[colour], alpha=0.13, linewidth=0)
        axes.plot(part.time_s, part.leg_elevation_deg, color=COLOURS["leg"], linewidth=1.4)
        _mark_reps(axes, summary, part)
        if floor_deg is not None:
            axes.axhline(floor_deg, color=COLOURS["pelvis"], **_LIMIT)
            axes.text(0.99, floor_deg, "floor angle ", **_label_style(axes), color=COLOURS["pelvis"])
        axes.set(xlabel="seconds", ylabel="leg angle, °")
        axes.margins(x=0)
        return svg(figure, "Leg angle over the set, with phases and faults")


def tilt_picture(track: AngleTrack, summary: Summary, which: str = "") -> str | None:
    """Plot pelvic tilt over leg angle on the way down; None if tilt was not measured."""
    start = summary.recording.start
    curves = [curve for rep in summary.reps if (curve := lowering_curve(track, rep, start)) is not None]
    if not curves:
        return None
    with drawing(f"tilt{which}", width_in=4.6, height_in=3.2) as (figure, axes):
        for curve, alpha in zip(curves, np.linspace(STYLE.faintest, 1.0, len(curves)), strict=True):
            axes.plot(curve[0], curve[1], color=COLOURS["pelvis"], alpha=float(alpha), linewidth=1.3)
        _limit_lines(axes, summary)
        axes.set(xlabel="leg angle on the way down, °", ylabel="forward tilt of the pelvis, °")
        axes.yaxis.set_major_locator(_whole_numbers())
        axes.invert_xaxis()
        return svg(figure, "Forward tilt of the pelvis over leg angle on the way down")


def turn_picture(track: AngleTrack, summary: Summary, which: str = "") -> str | None:
    """Plot pelvic rotation over leg angle; None without a hip pop."""
    if not any(fault.code == "hip_pop" for rep in summary.reps for fault in rep.faults):
        return None
    with drawing(f"turn{which}", width_in=4.6, height_in=3.2) as (figure, axes):
        for rep, alpha in zip(summary.reps, np.linspace(STYLE.faintest, 1.0, len(summary.reps)), strict=True):
            first, last = np.searchsorted(track.time_s, [rep.start_s, rep.end_s])
            leg, turn = track.leg_elevation_deg[first:last], track.pelvic_rotation_deg[first:last]
            axes.plot(_smooth(leg), _smooth(turn), color=COLOURS["pelvis"], alpha=float(alpha), linewidth=1.1)
        _limits_both_ways(axes, summary)
        up = "right" if summary.recording.side in ("left", "both", None) else "left"
        axes.set(xlabel="leg angle, °", ylabel=f"turn of the pelvis, {up} side up, °")
        axes.yaxis.set_major_locator(_whole_numbers())
        return svg(figure, "Turn of the pelvis over leg angle, up and down")


def hold_picture(track: AngleTrack, summary: Summary, which: str = "") -> str | None:
    """Plot pelvic tilt over a hold; None for repetitions, or if tilt was not measured."""
    if summary.recording.exercise not in HOLDS or not np.isfinite(track.pelvic_tilt_deg).any():
        return None
    with drawing(f"hold{which}", height_in=2.8) as (figure, axes):
        axes.plot(track.time_s, _smooth(track.pelvic_tilt_deg), color=COLOURS["pelvis"], linewidth=1.4)
        _limit_lines(axes, summary)
        axes.set(xlabel="seconds", ylabel="forward tilt of the pelvis, °")
        axes.yaxis.set_major_locator(_whole_numbers())
        axes.margins(x=0)
        return svg(figure, "Forward tilt of the pelvis over the hold")


def tempo_picture(summary: Summary) -> str | None:
    """Plot seconds up and down of each repetition and the target; None without repetitions."""
    if not summary.reps:
        return None
    target = None if summary.set.tempo_target is None else Tempo.parse(summary.set.tempo_target)
    numbers = np.array([rep.number for rep in summary.reps])
    with drawing("tempo", width_in=4.6, height_in=3.2) as (figure, axes):
        for offset, name, colour in ((-0.2, "concentric_s", "up"), (0.2, "eccentric_s", "down")):
            values = np.array([getattr(rep, name) or np.nan for rep in summary.reps])
            label = "up" if colour == "up" else "down"
            axes.bar(numbers + offset, values, width=0.36, color=COLOURS[colour], label=label)
            aim = None if target is None else getattr(target, name)
            if aim:
                axes.axhline(aim, color=COLOURS[colour], linewidth=1.0, linestyle="--")
        axes.grid(visible=False, axis="x")
        axes.set(xlabel="repetition" + (", target dashed" if target else ""), ylabel="seconds")
        axes.xaxis.set_major_locator(_whole_numbers())
        axes.yaxis.set_major_locator(MaxNLocator(5))
        legend(axes)
        return svg(figure, "Seconds up and down of each repetition")


def phases(rep: Rep, start: str) -> Iterator[tuple[str, float, float]]:
    """Yield the movements of a repetition as colour, start and end in seconds."""
    out, back = ("up", "down") if start == "low" else ("down", "up")
    length_s = {"up": rep.concentric_s, "down": rep.eccentric_s}
    out_s, back_s = length_s[out], length_s[back]
    if out_s is not None:
        yield out, rep.start_s, rep.start_s + out_s
    if back_s is not None:
        yield back, rep.end_s - back_s, rep.end_s


def _set_part(track: AngleTrack, summary: Summary) -> AngleTrack:
    if not summary.reps:
        return track
    first, last = summary.reps[0].start_s - STYLE.margin_s, summary.reps[-1].end_s + STYLE.margin_s
    start, end = np.searchsorted(track.time_s, [first, last])
    return track[int(start) : int(end)]


def _mark_reps(axes: Axes, summary: Summary, part: AngleTrack) -> None:
    for rep in summary.reps:
        middle_s = (rep.start_s + rep.end_s) / 2.0
        colour = "fault" if rep.flags else "dim"
        axes.annotate(
            str(rep.number),
            (middle_s, 1.0),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            color=COLOURS[colour],
            fontsize=8,
        )
        for fault in rep.faults:
            if fault.at_s is not None:
                height = float(np.interp(fault.at_s, part.time_s, part.leg_elevation_deg))
                shade = COLOURS["fault" if fault.level == "flag" else "watch"]
                axes.plot(fault.at_s, height, marker="o", markersize=5, color=shade)


def _whole_numbers() -> MaxNLocator:
    return MaxNLocator(integer=True, steps=[1, 2, 5, 10])


#: Style of a limit's line, above the paper of its label.
_LIMIT: dict[str, Any] = {"linewidth": 1.0, "linestyle": "--", "zorder": 5}


def _limit_lines(axes: Axes, summary: Summary) -> None:
    settings = summary.settings
    axes.axhline(settings.tilt_watch_deg, color=COLOURS["watch"], **_LIMIT)
    axes.axhline(settings.tilt_flag_deg, color=COLOURS["fault"], **_LIMIT)
    # at the beginning, as it is the end that passes them
    style = {**_label_style(axes), "ha": "left"}
    axes.text(0.01, settings.tilt_flag_deg, " limit", **style, color=COLOURS["fault"])
    axes.text(0.01, settings.tilt_watch_deg, " watch", **style, color=COLOURS["watch"])


def _limits_both_ways(axes: Axes, summary: Summary) -> None:
    for way in (-1, 1):
        axes.axhline(way * summary.settings.rotation_flag_deg, color=COLOURS["fault"], **_LIMIT)
    axes.text(
        0.99, summary.settings.rotation_flag_deg, "limit ", **_label_style(axes), color=COLOURS["fault"]
    )


def _label_style(axes: Axes) -> dict[str, Any]:
    """Return the style of a line's label: on paper of its own, so that no curve crosses the words."""
    paper = {"facecolor": COLOURS["paper"], "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
    place = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "bottom", "zorder": 4}
    return {**place, "fontsize": 8, "bbox": paper}


def lowering_curve(track: AngleTrack, rep: Rep, start: str) -> tuple[FloatArray, FloatArray] | None:
    """Return leg angle and tilt of a repetition's way down; None if either was not measured."""
    spans = {colour: (start_s, end_s) for colour, start_s, end_s in phases(rep, start)}
    if "down" not in spans or rep.pelvic_tilt_deg is None:
        return None
    first, last = np.searchsorted(track.time_s, spans["down"])
    leg, tilt = track.leg_elevation_deg[first:last], track.pelvic_tilt_deg[first:last]
    if len(leg) < 3 or not (np.isfinite(leg).any() and np.isfinite(tilt).any()):
        return None
    return _smooth(leg), _smooth(tilt)


def _smooth(values: FloatArray) -> FloatArray:
    half = int(STYLE.smooth_s * GRID_HZ / 2)
    known = np.isfinite(values)
    window = np.ones(2 * half + 1)
    total = np.convolve(np.where(known, values, 0.0), window, "same")
    count = np.convolve(known.astype(float), window, "same")
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def over_time_picture(sets: Sequence[StoredSet]) -> str | None:
    """Plot repetitions, clean repetitions and floor angle of each set; None for a single day.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one exercise and side, oldest first.
    """
    dated_sets = [stored for stored in sets if stored.recorded is not None]
    if len({stored.day for stored in dated_sets}) < 2:
        return None
    moments, figures = moments_of(dated_sets), [stored.summary.set for stored in dated_sets]
    with drawing("over-time", height_in=2.4) as (figure, axes):
        for name, colour, label in (("rep_count", "dim", "reps"), ("clean_count", "good", "clean reps")):
            values = nan_array([getattr(of_set, name) for of_set in figures])
            axes.plot(moments, values, "o-", color=COLOURS[colour], label=label, markersize=4, linewidth=1.2)
        floors = nan_array([of_set.floor_angle_deg for of_set in figures])
        if np.isfinite(floors).any():
            colour, label = COLOURS["pelvis"], "floor angle, °"
            axes.plot(moments, floors, "s--", color=colour, label=label, markersize=4, linewidth=1.0)
        label_days(axes, dated_sets)
        axes.set_ylim(bottom=0)
        # at the left, since the picture is wider than a phone's screen
        axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.0)
        return svg(figure, "Repetitions, clean repetitions and floor angle of each set over time")


def legend(axes: Axes) -> None:
    """Add a legend above the picture, at its right."""
    axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)


def moments_of(sets: Iterable[StoredSet]) -> list[np.datetime64]:
    """Return when each set was recorded, in local time; those without a date are left out."""
    moments = (one.recorded for one in sets)
    return [np.datetime64(moment.replace(tzinfo=None)) for moment in moments if moment is not None]


def label_days(axes: Axes, sets: Iterable[StoredSet]) -> None:
    """Label the days of sets from the last one back without overlaps; with the year if there are several."""
    days = [one.day for one in sets if one.day is not None]
    named, apart = [days[-1]], (days[-1] - days[0]) / STYLE.max_named
    for day in reversed(days):
        if named[-1] - day >= apart and day != named[-1]:
            named.append(day)
    style = "%d %b" if days[0].year == days[-1].year else "%b %Y"
    axes.set_xticks([np.datetime64(day) for day in named], [f"{day:{style}}" for day in named])


def nan_array(values: Iterable[float | None]) -> FloatArray:
    """Convert values to an array, None to NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)
