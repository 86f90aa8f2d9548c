"""Draw pelvic tilt against the leg's height while lowering: where the curves rise the back lets go.

``python plot_tilt_against_leg.py [RECORDING.csv] PICTURE.png``
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from imu_reps import Analysis, RepFaults, RepPlan, SetPlan, analyze, load, simulate


def drawn(analysis: Analysis) -> Figure:
    """One curve a repetition, from the top to the end of the lowering; the limit as a line."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    track = analysis.track
    for rep in analysis.summary.reps:
        if rep.eccentric_s is None:
            continue
        down = (track.time_s >= rep.end_s - rep.eccentric_s) & (track.time_s <= rep.end_s)
        shade = 0.25 + 0.75 * rep.number / len(analysis.summary.reps)
        axes.plot(
            track.leg_elevation_deg[down], track.pelvic_tilt_deg[down], color="tab:blue", alpha=shade, lw=1.5
        )
    axes.axhline(analysis.summary.settings.tilt_flag_deg, color="tab:red", ls="--", lw=1, label="limit")
    floor = analysis.summary.set.floor_angle_deg
    if floor is not None:
        axes.axvline(floor, color="tab:gray", ls=":", label=f"floor, {floor:.0f}°")
    axes.set(xlabel="leg elevation, °", ylabel="pelvic tilt, °, anterior positive")
    axes.set_title("On the way down; later repetitions darker")
    axes.invert_xaxis()
    axes.legend()
    return figure


def tiring() -> Analysis:
    """A simulated set in which the back arches more from repetition to repetition."""
    arches = np.linspace(1.0, 9.0, 7)
    reps = tuple(RepPlan(top_deg=65.0, faults=RepFaults(arch_deg=float(arch))) for arch in arches)
    return analyze(simulate(SetPlan(reps=reps)).recording)


def main(words: list[str]) -> None:
    """Write the picture."""
    *recording, picture = words or ["tilt_against_leg.png"]
    drawn(analyze(load(recording[0])) if recording else tiring()).savefig(picture, dpi=150)
    print(f"written: {Path(picture).resolve()}")


if __name__ == "__main__":
    main(sys.argv[1:])
