"""Count the samples of another system: DataFrames with g, rad/s and ms, a row a sample.

``python count_a_dataframe.py``
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from imu_reps import Header, Recording, SampleBlock, SensorHeader, analyze, simulate

#: What this program's columns are called in the other system's tables, and what they hold.
COLUMNS = {"time_s": "t", "sample": "n"}
COLUMNS |= {f"acc_{axis}_mps2": f"a{axis}" for axis in "xyz"} | {
    f"gyr_{axis}_dps": f"g{axis}" for axis in "xyz"
}
UNITS = {"time": "ms", "acc": "g", "gyr": "rad/s"}


def exported(block: SampleBlock | None) -> pd.DataFrame:
    """What another system might export of a sensor; here of a simulated one."""
    assert block is not None
    frame = pd.DataFrame({"t": block.time_s * 1000.0, "n": block.sample})
    frame[["ax", "ay", "az"]] = block.acc_mps2 / 9.80665
    frame[["gx", "gy", "gz"]] = np.radians(block.gyr_dps)
    return frame


def main() -> None:
    """Print a row a repetition, and how long each phase took in all."""
    simulated = simulate().recording
    pelvis, ankle = exported(simulated.pelvis), exported(simulated.ankle)
    # what no export knows: the exercise, the side, and how the pelvis sensor sits
    sits = SensorHeader(cranial_axis="+y", anterior_axis="+z")
    header = Header(exercise="single_leg_raise", side="left", pelvis=sits)
    recording = Recording.from_frames(pelvis=pelvis, ankle=ankle, header=header, columns=COLUMNS, units=UNITS)
    analysis = analyze(recording)
    print(f"{analysis.summary.set.rep_count} repetitions, tempo {analysis.summary.set.tempo}")
    print(
        analysis.to_frame()[["number", "side", "concentric_s", "eccentric_s", "range_deg", "faults"]].round(2)
    )
    print(analysis.track.to_frame()["phase"].value_counts() / 100.0)


if __name__ == "__main__":
    main()
