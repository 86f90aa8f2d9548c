"""Pictures of a person's sessions: clean share and floor over time, tilt over leg angle, the sides, pain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.stored_set import StoredSet
from imu_reps.domain.summary import Summary
from imu_reps.domain.track import AngleTrack
from imu_reps.report.page.ink import INKS, drawing, svg
from imu_reps.report.page.pictures import dated, lowering

#: All are of one size, so that two stand side by side on a sheet.
WIDTH_IN, HEIGHT_IN = 4.6, 2.5
#: How each side is drawn: colour, line and mark.
SIDES = {"left": ("leg", "-", "o"), "right": ("down", "--", "s")}
ONE = ("leg", "-", "o")
#: Tilt is averaged over so many degrees of leg angle.
BIN_DEG = 3.0


def clean_picture(sets: Sequence[StoredSet]) -> str | None:
    """Clean share of each set over time, the sides apart; None where it shows no course."""
    return _over_time(sets, _clean_percent, "clean reps, %", "Clean reps over time", top=105.0)


def floor_picture(sets: Sequence[StoredSet]) -> str | None:
    """The leg angle at which the back lets go, over time; None where it shows no course."""
    return _over_time(
        sets, lambda one: one.summary.set.floor_angle_deg, "floor angle, °", "Floor angle over time"
    )


def felt_picture(sets: Sequence[StoredSet]) -> str | None:
    """Pain and effort as they were said, over time; None where nothing was said."""
    said = [one for one in sets if one.recorded is not None and (one.pain, one.effort) != (None, None)]
    if not said:
        return None
    with drawing("felt", width_in=WIDTH_IN, height_in=HEIGHT_IN) as (figure, axes):
        for name, colour, mark in (("pain", "fault", "o-"), ("effort", "dim", "s--")):
            values = _column([getattr(one, name) for one in said])
            axes.plot(_days(said), values, mark, color=INKS[colour], label=name, markersize=4, linewidth=1.2)
        axes.set_ylim(-0.4, 10.4)
        axes.set(ylabel="0 to 10")
        dated(axes, [one.day for one in said if one.day is not None])
        _legend(axes)
        return svg(figure, "Pain and effort over time")


def side_picture(sets: Sequence[StoredSet]) -> str | None:
    """Clean share and range of the latest day of each side; None of one side alone."""
    latest = {}
    for side in SIDES:
        of_side = [one for one in sets if one.summary.recording.side == side]
        if of_side:
            latest[side] = [one for one in of_side if one.day == of_side[-1].day]
    if len(latest) < len(SIDES):
        return None
    read = {"clean reps, %": _clean_percent, "range, °": lambda one: one.summary.set.range_deg_mean}
    with drawing("sides", width_in=WIDTH_IN, height_in=HEIGHT_IN) as (figure, axes):
        places = np.arange(len(read), dtype=float)
        for offset, (side, of_day) in zip((-0.19, 0.19), latest.items(), strict=True):
            heights = [_mean(map(value, of_day)) for value in read.values()]
            axes.bar(places + offset, heights, width=0.34, color=INKS[SIDES[side][0]], label=side)
            for place, height in zip(places + offset, heights, strict=True):
                if np.isfinite(height):
                    axes.annotate(f"{height:.0f}", (place, height), ha="center", va="bottom", fontsize=8)
        axes.set_xticks(places, list(read))
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.15)
        _legend(axes)
        return svg(figure, "Left and right on their latest day")


def let_go_picture(
    first: tuple[str, AngleTrack, Summary], last: tuple[str, AngleTrack, Summary]
) -> str | None:
    """Tilt over leg angle on the way down, the mean of the first set's repetitions against the last's.

    Each with what it is called; None where tilt was not measured in both.
    """
    curves = [(name, _mean_tilt(track, summary)) for name, track, summary in (first, last)]
    if any(curve is None for _, curve in curves):
        return None
    with drawing("let-go", width_in=WIDTH_IN, height_in=HEIGHT_IN) as (figure, axes):
        for (name, curve), colour, line in zip(curves, ("dim", "pelvis"), ("--", "-"), strict=True):
            assert curve is not None
            axes.plot(*curve, line, color=INKS[colour], label=name, linewidth=1.5)
        axes.axhline(last[2].settings.tilt_flag_deg, color=INKS["fault"], linewidth=1.0, linestyle=":")
        axes.set(xlabel="leg angle on the way down, °", ylabel="forward tilt, °")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.invert_xaxis()
        _legend(axes)
        return svg(figure, "Forward tilt of the pelvis over leg angle, first and last")


def _over_time(
    sets: Sequence[StoredSet],
    read: Callable[[StoredSet], float | None],
    label: str,
    title: str,
    top: float | None = None,
) -> str | None:
    known = [one for one in sets if one.recorded is not None and read(one) is not None]
    if len({one.day for one in known}) < 2:
        return None
    with drawing(title, width_in=WIDTH_IN, height_in=HEIGHT_IN) as (figure, axes):
        sides = dict.fromkeys(one.summary.recording.side for one in known)
        for side in sides:
            of_side = [one for one in known if one.summary.recording.side == side]
            colour, line, mark = SIDES.get(side or "", ONE)
            axes.plot(
                _days(of_side),
                _column(map(read, of_side)),
                f"{mark}{line}",
                color=INKS[colour],
                label=side or "side not said",
                markersize=4,
                linewidth=1.2,
            )
        axes.set_ylim(0.0, top or 1.15 * max(value for one in known if (value := read(one)) is not None))
        axes.set(ylabel=label)
        dated(axes, [one.day for one in known if one.day is not None])
        if len(sides) > 1:
            _legend(axes)
        return svg(figure, title)


def _mean_tilt(track: AngleTrack, summary: Summary) -> tuple[FloatArray, FloatArray] | None:
    """Mean tilt by leg angle over all lowerings; where fewer than two were there it is left out."""
    curves = [c for rep in summary.reps if (c := lowering(track, rep, summary.recording.start)) is not None]
    if not curves:
        return None
    leg, tilt = (np.concatenate([curve[part] for curve in curves]) for part in (0, 1))
    known = np.isfinite(leg) & np.isfinite(tilt)
    bins = np.round(leg[known] / BIN_DEG).astype(int)
    angles = np.unique(bins)
    means = np.array([tilt[known][bins == angle].mean() for angle in angles])
    return angles * BIN_DEG, means


def _clean_percent(one: StoredSet) -> float | None:
    judged = [rep.clean for rep in one.summary.reps if rep.clean is not None]
    return 100.0 * sum(judged) / len(judged) if judged else None


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")


def _days(sets: Sequence[StoredSet]) -> list[np.datetime64]:
    moments = (one.recorded for one in sets)
    return [np.datetime64(moment.replace(tzinfo=None)) for moment in moments if moment is not None]


def _column(values: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _legend(axes: Axes) -> None:
    axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)
