"""Hand-over page for a physiotherapist: prescriptions, sets, progress, pain and effort."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from matplotlib.ticker import MaxNLocator

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.programme import Prescription
from imu_reps.domain.progress import Progress
from imu_reps.domain.recording import STOPPED_WITH_PAIN
from imu_reps.domain.rep import Flag, Rep, clean_share, judged
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.summary import StoredSet, Summary
from imu_reps.domain.track import AngleTrack
from imu_reps.domain.untrusted import printable
from imu_reps.report.formatting import NOT_MEASURED, exercise_name, format_day, format_degrees, pluralize
from imu_reps.report.history_text import prescription_line, progress_text
from imu_reps.report.page.page import shown, template
from imu_reps.report.page.pictures import (
    COLOURS,
    drawing,
    label_days,
    legend,
    lowering_curve,
    moments_of,
    nan_array,
    svg,
)
from imu_reps.report.tables import BY_HAND, HAND_MARK, rep_count_text


@dataclass(frozen=True, slots=True)
class SheetSizes:
    """How much one sheet of paper holds."""

    #: Maximum rows and progress entries: what fits two sheets and is read in a minute.
    max_rows: int = 14
    max_progress: int = 6
    #: Size of all pictures, so that two fit side by side on a sheet.
    width_in: float = 4.6
    height_in: float = 2.5
    #: Bin width of leg angle over which tilt is averaged.
    bin_deg: float = 3.0


SIZES = SheetSizes()


NOT_SAID = "not said"

#: Matches dates and tempos.
_UNBROKEN = re.compile(r"\d{4}-\d{2}-\d{2}|\d[\d.]*(?:-\d[\d.]*){3}")


def hand_over_page(
    sets: Sequence[StoredSet],
    prescribed: Sequence[Prescription],
    progress: Sequence[Progress],
    *,
    person: str | None = None,
    advice: Sequence[str] = (),
    let_go: str | None = None,
) -> str:
    """Render a person's sessions as one HTML document: one or two sheets of A4, or a phone.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one person, oldest first, at least one.
    prescribed : sequence of Prescription
        Prescriptions given by a professional.
    advice : sequence of str
        Advice, a line each.
    let_go : str, optional
        Picture made by `let_go_picture` for `main_exercise`.
    """
    groups: dict[tuple[Any, ...], list[StoredSet]] = {}
    for stored in sets:
        groups.setdefault(_which(stored), []).append(stored)
    rows = [_row(group) for group in groups.values()]
    latest = rows[-SIZES.max_rows :][::-1]
    exercise = main_exercise(sets)
    return template("hand_over.html.j2").render(
        title=f"Leg raises: {printable(person)}" if person else "Leg raises",
        span=_span(sets),
        prescribed=[prescription_line(one) for one in prescribed],
        exercise=exercise_name(exercise),
        pictures=_pictures(sets, exercise, let_go),
        shown=latest,
        by_hand=BY_HAND if any(HAND_MARK in row["done"] for row in latest) else "",
        left_out=len(rows) - len(latest),
        progress=[progress_text(one) for one in progress[-SIZES.max_progress :]],
        advice=list(advice),
        version=sets[-1].summary.version,
        dated=dated,
    )


def main_exercise(sets: Sequence[StoredSet]) -> Exercise:
    """Return the most frequent exercise; of equals the latest."""
    done = [stored.summary.recording.exercise for stored in sets]
    return max(reversed(done), key=done.count)


def dated(text: str) -> Markup:
    """Mark up a text so that its dates and tempos are not broken at line ends."""
    return Markup(_UNBROKEN.sub(r'<span class="day">\g<0></span>', str(escape(shown(text)))))


def _span(sets: Sequence[StoredSet]) -> str:
    days = sorted({stored.day for stored in sets if stored.day is not None})
    if not days:
        return pluralize(len(sets), "set")
    visits = f"{pluralize(len(sets), 'set')} on {pluralize(len(days), 'day')}"
    until = "" if len(days) == 1 else f" to {days[-1].isoformat()}"
    return f"{days[0].isoformat()}{until}, {visits}"


def _pictures(
    sets: Sequence[StoredSet], exercise: Exercise, let_go: str | None
) -> list[tuple[str, Markup, str]]:
    of_it = [stored for stored in sets if stored.summary.recording.exercise == exercise]
    clean = _over_time(
        of_it, _clean_percent, "share of clean reps, %", "Share of clean reps over time", top=105.0
    )
    floor = _over_time(of_it, _floor_deg, "floor angle, °", "Floor angle over time")
    drawn = (
        ("Share of clean reps", clean, ""),
        ("Floor angle: where the back lets go", floor, "A set without a point: it did not let go."),
        ("Tilt on the way down, first and last", let_go, "Dotted: the limit."),
        ("Left and right, latest day", _side_picture(of_it), ""),
        ("Pain and effort, as said", _pain_effort_picture(sets), ""),
    )
    return [(name, Markup(picture), caption) for name, picture, caption in drawn if picture]


def _which(stored: StoredSet) -> tuple[Any, ...]:
    """Key of the sets that share a row: session, day, exercise and side."""
    recording = stored.summary.recording
    return stored.session, stored.day, recording.exercise, recording.side


def _row(group: Sequence[StoredSet]) -> dict[str, str]:
    """Return the texts of the sets of one session, exercise and side."""
    first = group[0]
    recording = first.summary.recording
    figures = [stored.summary.set for stored in group]
    reps = [rep for stored in group for rep in stored.summary.reps]
    known = judged(reps)
    return {
        "day": format_day(first.day),
        "exercise": exercise_name(recording.exercise, recording.side),
        "done": ", ".join(rep_count_text(stored.summary) for stored in group),
        "clean": f"{sum(rep.clean is True for rep in known)} of {len(known)}" if known else NOT_MEASURED,
        "arches": _flagged(reps, "back_arch"),
        "hip_pops": _flagged(reps, "hip_pop"),
        "floor": _angles([of_set.floor_angle_deg for of_set in figures]),
        "range": _angles([of_set.range_deg_mean for of_set in figures]),
        "pain": _pain(group),
        "effort": _worst([stored.effort for stored in group]),
    }


def _flagged(reps: Sequence[Rep], flag: Flag) -> str:
    known = judged(reps, flag)
    return str(sum(flag in rep.flags for rep in known)) if known else NOT_MEASURED


def _angles(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return format_degrees(sum(known) / len(known)) if known else NOT_MEASURED


def _pain(group: Sequence[StoredSet]) -> str:
    stopped = any(one.code == STOPPED_WITH_PAIN for stored in group for one in stored.summary.findings)
    figure = _worst([stored.pain for stored in group])
    if not stopped:
        return figure
    return "it hurt" + ("" if figure == NOT_SAID else f"; {figure}")


def _worst(ratings: Sequence[int | None]) -> str:
    known = [value for value in ratings if value is not None]
    return f"{max(known)} of 10" if known else NOT_SAID


#: Colour, line style and marker of each side.
SIDES = {"left": ("leg", "-", "o"), "right": ("down", "--", "s")}
ONE = ("leg", "-", "o")


def _pain_effort_picture(sets: Sequence[StoredSet]) -> str | None:
    """Plot rated pain and effort over time; None if nothing was rated."""
    ratings = [one for one in sets if one.recorded is not None and (one.pain, one.effort) != (None, None)]
    if not ratings:
        return None
    moments = moments_of(ratings)
    with drawing("felt", width_in=SIZES.width_in, height_in=SIZES.height_in) as (figure, axes):
        for name, colour, mark in (("pain", "fault", "o-"), ("effort", "dim", "s--")):
            values = nan_array([getattr(one, name) for one in ratings])
            axes.plot(moments, values, mark, color=COLOURS[colour], label=name, markersize=4, linewidth=1.2)
        axes.set_ylim(-0.4, 10.4)
        axes.set(ylabel="0 to 10")
        label_days(axes, ratings)
        legend(axes)
        return svg(figure, "Pain and effort over time")


def _side_picture(sets: Sequence[StoredSet]) -> str | None:
    """Plot clean share and range of the latest day of each side; None if only one side was done."""
    latest = {}
    for side in SIDES:
        of_side = [one for one in sets if one.summary.recording.side == side]
        if of_side:
            latest[side] = [one for one in of_side if one.day == of_side[-1].day]
    if len(latest) < len(SIDES):
        return None
    read = {"share of clean reps, %": _clean_percent, "range, °": lambda one: one.summary.set.range_deg_mean}
    with drawing("sides", width_in=SIZES.width_in, height_in=SIZES.height_in) as (figure, axes):
        places = np.arange(len(read), dtype=float)
        for offset, (side, of_day) in zip((-0.19, 0.19), latest.items(), strict=True):
            heights = [_mean(map(value, of_day)) for value in read.values()]
            axes.bar(places + offset, heights, width=0.34, color=COLOURS[SIDES[side][0]], label=side)
            for place, height in zip(places + offset, heights, strict=True):
                if np.isfinite(height):
                    axes.annotate(f"{height:.0f}", (place, height), ha="center", va="bottom", fontsize=8)
        axes.set_xticks(places, list(read))
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.15)
        legend(axes)
        return svg(figure, "Left and right on their latest day")


def let_go_picture(
    first: tuple[str, AngleTrack, Summary], last: tuple[str, AngleTrack, Summary]
) -> str | None:
    """Plot mean tilt over leg angle on the way down, of the first set and of the last.

    Each set comes with its label; None if tilt was not measured in both.
    """
    curves = [(name, _mean_tilt(track, summary)) for name, track, summary in (first, last)]
    if any(curve is None for _, curve in curves):
        return None
    with drawing("let-go", width_in=SIZES.width_in, height_in=SIZES.height_in) as (figure, axes):
        for (name, curve), colour, line in zip(curves, ("dim", "pelvis"), ("--", "-"), strict=True):
            assert curve is not None
            axes.plot(*curve, line, color=COLOURS[colour], label=name, linewidth=1.5)
        axes.axhline(last[2].settings.tilt_flag_deg, color=COLOURS["fault"], linewidth=1.0, linestyle=":")
        axes.set(xlabel="leg angle on the way down, °", ylabel="forward tilt, °")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.invert_xaxis()
        legend(axes)
        return svg(figure, "Forward tilt of the pelvis over leg angle, first and last")


def _over_time(
    sets: Sequence[StoredSet],
    read: Callable[[StoredSet], float | None],
    label: str,
    title: str,
    top: float | None = None,
) -> str | None:
    """Plot a figure of each set over time, by side; None for fewer than two days."""
    known = [one for one in sets if one.recorded is not None and read(one) is not None]
    if len({one.day for one in known}) < 2:
        return None
    with drawing(title, width_in=SIZES.width_in, height_in=SIZES.height_in) as (figure, axes):
        sides = dict.fromkeys(one.summary.recording.side for one in known)
        for side in sides:
            of_side = [one for one in known if one.summary.recording.side == side]
            colour, line, mark = SIDES.get(side or "", ONE)
            axes.plot(
                moments_of(of_side),
                nan_array(map(read, of_side)),
                f"{mark}{line}",
                color=COLOURS[colour],
                label=side or "side not said",
                markersize=4,
                linewidth=1.2,
            )
        axes.set_ylim(0.0, top or 1.15 * max(value for one in known if (value := read(one)) is not None))
        axes.set(ylabel=label)
        label_days(axes, known)
        if len(sides) > 1:
            legend(axes)
        return svg(figure, title)


def _mean_tilt(track: AngleTrack, summary: Summary) -> tuple[FloatArray, FloatArray] | None:
    """Return mean tilt by leg angle over all lowerings."""
    curves = [
        c for rep in summary.reps if (c := lowering_curve(track, rep, summary.recording.start)) is not None
    ]
    if not curves:
        return None
    leg, tilt = (np.concatenate([curve[part] for curve in curves]) for part in (0, 1))
    known = np.isfinite(leg) & np.isfinite(tilt)
    bins = np.round(leg[known] / SIZES.bin_deg).astype(int)
    angles = np.unique(bins)
    means = np.array([tilt[known][bins == angle].mean() for angle in angles])
    return angles * SIZES.bin_deg, means


def _floor_deg(one: StoredSet) -> float | None:
    return one.summary.set.floor_angle_deg


def _clean_percent(one: StoredSet) -> float | None:
    share = clean_share(one.summary.reps)
    return None if share is None else 100.0 * share


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")
