"""Draw pelvic tilt against the leg's height while lowering: where the curves rise the back lets go.

``python plot_tilt_against_leg.py [RECORDING.csv [PICTURE.png]]``, by default beside the recording.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from imu_reps import Analysis, RepFaults, RepPlan, SetPlan, analyze, load, simulate

USAGE = "Usage: python plot_tilt_against_leg.py [RECORDING.csv [PICTURE.png]]"
PICTURES = (".png", ".svg", ".pdf")


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


def target(words: list[str]) -> Path:
    """Where the picture goes: what was named, else beside the recording; never a recording."""
    if len(words) > 2:
        sys.exit(USAGE)
    if not words:
        return Path("tilt_against_leg.png")
    recording = Path(words[0])
    picture = (
        Path(words[1]) if len(words) == 2 else recording.with_name(recording.name.split(".")[0] + ".png")
    )
    if picture.suffix not in PICTURES or picture.resolve() == recording.resolve():
        sys.exit(f"{picture} is no name for a picture, which ends in {' or '.join(PICTURES)}.\n{USAGE}")
    return picture


def main(words: list[str]) -> None:
    """Write the picture."""
    picture = target(words)
    drawn(analyze(load(words[0])) if words else tiring()).savefig(picture, dpi=150)
    print(f"written: {picture.resolve()}")


if __name__ == "__main__":
    main(sys.argv[1:])
