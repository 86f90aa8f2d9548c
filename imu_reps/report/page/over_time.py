"""The picture of the sets over time: clean repetitions and the floor, day by day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from imu_reps.domain.history import StoredSet
from imu_reps.report.page.ink import INKS, drawing, svg


def over_time_picture(sets: Sequence[StoredSet]) -> str | None:
    """Repetitions and clean ones of each set, and the floor where there is one; None for a single day.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one exercise and side, oldest first.
    """
    dated = [(stored.recorded, stored.summary.set) for stored in sets if stored.recorded is not None]
    if len({moment.date() for moment, _ in dated}) < 2:
        return None
    days = [np.datetime64(moment.replace(tzinfo=None)) for moment, _ in dated]
    figures = [of_set for _, of_set in dated]
    with drawing("over-time", height_in=2.4) as (figure, axes):
        for name, colour, label in (("rep_count", "dim", "reps"), ("clean_count", "good", "clean reps")):
            values = _column([getattr(of_set, name) for of_set in figures])
            axes.plot(days, values, "o-", color=INKS[colour], label=label, markersize=4, linewidth=1.2)
        floors = _column([of_set.floor_angle_deg for of_set in figures])
        if np.isfinite(floors).any():
            axes.plot(
                days, floors, "s--", color=INKS["pelvis"], label="floor, °", markersize=4, linewidth=1.0
            )
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.set_ylim(bottom=0)
        axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)
        return svg(figure, "Repetitions, clean repetitions and floor of each set over time")


def _column(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
