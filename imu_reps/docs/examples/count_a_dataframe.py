"""Count the samples of another system: a DataFrame with g, rad/s and one row a sample.

``python count_a_dataframe.py``
"""

from __future__ import annotations

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


def recording_of(samples: pd.DataFrame) -> Recording:
    """The same samples as a recording: m/s², deg/s, and which way the pelvis sensor sits."""
    blocks = {
        place: SampleBlock(
            sensor=place,
            time_s=of["t"].to_numpy(float),
            sample=of["n"].to_numpy(np.int64),
            device_time_s=np.full(len(of), np.nan),  # the sensors' own clocks were not exported
            acc_mps2=of[["ax", "ay", "az"]].to_numpy(float) * 9.80665,
            gyr_dps=np.degrees(of[["gx", "gy", "gz"]].to_numpy(float)),
        )
        for place, of in samples.groupby("place")
    }
    header = Header(
        exercise="single_leg_raise", side="left", pelvis=SensorHeader(cranial_axis="+y", anterior_axis="+z")
    )
    return Recording(header, blocks.get("pelvis"), blocks.get("ankle"))


def main() -> None:
    """Print a row a repetition."""
    analysis = analyze(recording_of(exported()))
    print(f"{analysis.summary.set.rep_count} repetitions, tempo {analysis.summary.set.tempo}")
    print(analysis.to_frame()[["number", "concentric_s", "eccentric_s", "range_deg", "clean"]].round(2))


if __name__ == "__main__":
    main()
