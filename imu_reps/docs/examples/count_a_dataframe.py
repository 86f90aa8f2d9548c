"""Count the samples of another system: a DataFrame with g, rad/s and one row a sample.

``python count_a_dataframe.py``
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from imu_reps import Header, Recording, SampleBlock, SensorHeader, analyze, simulate


def exported() -> pd.DataFrame:
    """What another system might export; here a simulated set."""
    recording = simulate().recording
    frames = []
    for block in (recording.pelvis, recording.ankle):
        assert block is not None
        frame = pd.DataFrame({"t": block.time_s, "place": block.sensor, "n": block.sample})
        frame[["ax", "ay", "az"]] = block.acc_mps2 / 9.80665
        frame[["gx", "gy", "gz"]] = np.radians(block.gyr_dps)
        frames.append(frame)
    return pd.concat(frames).sort_values("t", kind="stable")


def block_of(samples: pd.DataFrame, place: Literal["pelvis", "ankle"]) -> SampleBlock:
    """The samples of one sensor, in m/s² and deg/s."""
    of = samples[samples["place"] == place]
    return SampleBlock(
        sensor=place,
        time_s=of["t"].to_numpy(float),
        sample=of["n"].to_numpy(np.int64),
        device_time_s=np.full(len(of), np.nan),  # the sensors' own clocks were not exported
        acc_mps2=of[["ax", "ay", "az"]].to_numpy(float) * 9.80665,
        gyr_dps=np.degrees(of[["gx", "gy", "gz"]].to_numpy(float)),
    )


def recording_of(samples: pd.DataFrame) -> Recording:
    """The samples with what no export knows: the exercise, and how the pelvis sensor sits."""
    sits = SensorHeader(cranial_axis="+y", anterior_axis="+z")
    header = Header(exercise="single_leg_raise", side="left", pelvis=sits)
    return Recording(header, block_of(samples, "pelvis"), block_of(samples, "ankle"))


def main() -> None:
    """Print a row a repetition."""
    analysis = analyze(recording_of(exported()))
    print(f"{analysis.summary.set.rep_count} repetitions, tempo {analysis.summary.set.tempo}")
    print(analysis.to_frame()[["number", "concentric_s", "eccentric_s", "range_deg", "clean"]].round(2))


if __name__ == "__main__":
    main()
