"""Follow a set while it runs: push blocks as they arrive, hear events, finish with the whole analysis.

``python follow_live.py``
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imu_reps import Event, Pipeline, Recording, SampleBlock, events, simulate


def arriving(recording: Recording, every_s: float = 0.1) -> Iterator[list[SampleBlock]]:
    """The samples of both sensors in the pieces that arrive in each tenth of a second."""
    blocks = [block for block in (recording.pelvis, recording.ankle) if block is not None]
    last_s = max(float(block.time_s[-1]) for block in blocks)
    for start_s in np.arange(0.0, last_s + every_s, every_s):
        bounds = [np.searchsorted(block.time_s, (start_s, start_s + every_s)) for block in blocks]
        yield [block[start:end] for block, (start, end) in zip(blocks, bounds, strict=True)]


def told(event: Event) -> str | None:
    """What is worth a line."""
    match event:
        case events.Ready():
            return "ready"
        case events.RepCompleted(number=number, rep=rep):
            return (
                f"repetition {number}: {rep.range_deg:.0f} degrees"
                if rep.range_deg
                else f"repetition {number}"
            )
        case events.RepRetracted(rep_count=count, reason=reason):
            return f"taken back, {count} now: {reason}"
        case events.LimitCrossed(code=code, value=value, unit=unit):
            return f"{code}: {value:.1f} {unit}"
    return None


def main() -> None:
    """Print what happens, and the count of the whole set."""
    recording = simulate().recording
    pipeline = Pipeline(recording.header)
    for blocks in arriving(recording):
        for event in pipeline.push(*blocks):
            if (line := told(event)) is not None:
                print(f"{event.time_s:6.2f} s  {line}")
    _, analysis = pipeline.finish()
    print(f"{analysis.summary.set.rep_count} repetitions in the whole set")


if __name__ == "__main__":
    main()
