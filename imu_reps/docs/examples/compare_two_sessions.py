"""Compare two sets: what changed by more than the sensors' noise and the person's own scatter.

``python compare_two_sessions.py [BEFORE.csv AFTER.csv]``
"""

from __future__ import annotations

import sys

import pandas as pd

from imu_reps import Recording, RepPlan, SetPlan, analyze, load, simulate

#: Smaller differences from day to day are what sensors strapped on anew may be wrong by.
NOISE = {"range_deg": 3.0, "eccentric_s": 0.2, "pelvic_tilt_deg": 2.0, "pelvic_rotation_deg": 2.0}


def compared(before: Recording, after: Recording) -> pd.DataFrame:
    """Means of both sets, a row a quantity, and whether they differ."""
    frames = [analyze(recording).to_frame()[list(NOISE)] for recording in (before, after)]
    first, second = (frame.mean() for frame in frames)
    scatter = ((frames[0].var() + frames[1].var()) / 2.0) ** 0.5
    table = pd.DataFrame({"before": first, "after": second, "change": second - first, "scatter": scatter})
    table["differs"] = (table["change"].abs() > pd.Series(NOISE)) & (table["change"].abs() > scatter)
    return table


def simulated() -> tuple[Recording, Recording]:
    """Two sets of one person: the second higher, lowered more slowly."""
    first = SetPlan(reps=(RepPlan(top_deg=50.0, eccentric_s=1.8),) * 6)
    second = SetPlan(reps=(RepPlan(top_deg=62.0, eccentric_s=3.0),) * 6)
    return simulate(first, seed=1).recording, simulate(second, seed=2).recording


def main(files: list[str]) -> None:
    """Print the table."""
    if len(files) not in (0, 2):
        sys.exit(
            "Usage: python compare_two_sessions.py [BEFORE.csv AFTER.csv]; without files: simulated sets."
        )
    before, after = (load(files[0]), load(files[1])) if files else simulated()
    print(compared(before, after).round(2))


if __name__ == "__main__":
    main(sys.argv[1:])
