"""Inputs spoilt at random, byte by byte and cell by cell: a result or a word with a hint, never else.

Whole files through the reader; header lines and notes; packets through every decoder; values, times and
numbers through the final analysis and through the running set.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from imu_reps import ImuRepsError, Pipeline, Recording, analyze, save, simulate
from imu_reps.quality.numbering import numbered
from imu_reps.report.findings import worded
from imu_reps.sensors.families import FAMILIES
from imu_reps.sensors.wire import Subscribe
from imu_reps.sources.replay_source import replay_blocks
from imu_reps.storage.recording import parse_recording
from imu_reps.storage.recording.format import note_of, split_comment
from imu_reps.storage.recording.header import HeaderLine, read_header

VECTORS = Path(__file__).parents[1] / "sensors" / "families" / "vectors"

CELLS = [b"", b"nan", b"inf", b"-1e999", b"1e300", b"1e18", b"-0", b"0x10", b"1,5", b"9" * 400, b"\x00"]
CELLS += [
    b'"',
    b"'",
    b"=1+1",
    b"#",
    b"# @1 pain: " + b"9" * 5000,
    "½°".encode(),
    b"\xff\xfe",
    b"\r",
    b"pelvis",
]
NUMBERS = np.array([0.0, -1.0, 1e-300, 1e9, -1e9, 1e18, 1e300, np.nan, np.inf, 32767.0, 156.9, 2000.0])


@cache
def small() -> Recording:
    """Six seconds of a set."""
    whole = simulate(seed=4).recording
    for block in whole.blocks:
        whole = whole.with_samples(block[block.time_s < 6.0])
    return replace(whole, notes=tuple(note for note in whole.notes if note.time_s < 6.0))


@cache
def text() -> bytes:
    """The beginning of its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.csv"
        save(small(), path)
        return b"\n".join(path.read_bytes().split(b"\n")[:70]) + b"\n"


def spoilt(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes, cells and lines changed, left out, repeated and put elsewhere."""
    for _ in range(int(rng.integers(1, 4))):
        at, length = int(rng.integers(len(content) + 1)), int(rng.choice([1, 4, 40, 400]))
        match int(rng.integers(6)):
            case 0:
                content = content[:at] + rng.bytes(length % 7 + 1) + content[at + 1 :]
            case 1:
                content = content[:at] + content[at + length :]
            case 2:
                content = content[: at + length] + content[at:]
            case 3:
                content = content[:at] + CELLS[int(rng.integers(len(CELLS)))] + content[at:]
            case 4:
                cells = re.split(rb"([,\n:])", content)
                cells[int(rng.integers(len(cells)))] = CELLS[int(rng.integers(len(CELLS)))]
                content = b"".join(cells)
            case _:
                content = content[at:] + content[:at]
    return content


def spoilt_recording(rng: np.random.Generator) -> Recording:
    """Values, times, numbers and clocks that no sensor sends, and rows left out."""
    recording = small()
    for block in recording.blocks:
        count = len(block)
        rows = np.flatnonzero(rng.random(count) < rng.choice([0.0, 1.0 / count, 0.02, 0.5]))
        acc, gyr = block.acc_mps2.copy(), block.gyr_dps.copy()
        clock, number, time_s = block.device_time_s.copy(), block.sample.copy(), block.time_s.copy()
        for values in (acc, gyr, clock):
            chosen = rows[rng.random(len(rows)) < 0.5]
            values[chosen] = rng.choice(NUMBERS)
        number[rows] = rng.choice([0, 1, -5, 255, 2**31, 2**62, int(number[-1])])
        if rng.random() < 0.3:
            time_s = np.maximum.accumulate(time_s * 10.0 ** int(rng.integers(-8, 8)))
        if len(rows) and rng.random() < 0.05:
            time_s[rows[0] :] += 10.0 ** float(rng.uniform(-3, 8))
        keep = rng.random(count) < rng.choice([1.0, 0.9, 0.02])
        keep[: int(rng.integers(2))] = True
        changed = replace(block, time_s=time_s, sample=number, device_time_s=clock, acc_mps2=acc, gyr_dps=gyr)
        recording = recording.with_samples(changed[keep])
    return recording


def read_file(rng: np.random.Generator) -> None:
    parse_recording(spoilt(text(), rng), name="set.csv")


def read_top_and_notes(rng: np.random.Generator) -> None:
    lines = [line for line in text().split(b"\n") if line.startswith(b"#")]
    lines.append(b"# @3.5 pain: 4")
    changed = spoilt(lines[int(rng.integers(len(lines)))], rng).decode(errors="replace")
    pair = split_comment(changed)
    if pair is not None:
        note_of(*pair)
        read_header([HeaderLine(1, "format", "imu-reps-recording/1"), HeaderLine(2, *pair)], name="set.csv")


@cache
def packets() -> list[bytes]:
    """Every packet among the known ones."""
    known = " ".join(path.read_text(encoding="utf-8") for path in sorted(VECTORS.glob("*.json")))
    return [bytes.fromhex(digits) for digits in re.findall(r'"((?:[0-9a-f]{2}){4,})"', known)]


def decode(rng: np.random.Generator) -> None:
    family = FAMILIES[int(rng.integers(len(FAMILIES)))]
    steps = family.start(family.rates_hz[0], 0)
    subscribed = [step.characteristic for step in steps if isinstance(step, Subscribe)]
    names = [name for one in subscribed for name in ((one,) if isinstance(one, str) else one)]
    state = family.begin(family.rates_hz[0])
    for packet in range(4):
        data = packets()[int(rng.integers(len(packets())))]
        data = spoilt(data, rng) if rng.random() < 0.7 else data
        state, _ = family.decode(state, names[int(rng.integers(len(names)))], data, 0.05 * packet)


def sum_up(rng: np.random.Generator) -> None:
    analyze(spoilt_recording(rng))


def follow(rng: np.random.Generator) -> None:
    recording = numbered(spoilt_recording(rng)).recording
    pipeline = Pipeline(recording.header)
    for block in replay_blocks(recording, 1.0):
        pipeline.push(block)


#: What is done, and how many of a million inputs it is given.
PARTS: tuple[tuple[Callable[[np.random.Generator], None], int], ...] = (
    (read_file, 180_000),
    (read_top_and_notes, 600_000),
    (decode, 210_000),
    (sum_up, 6_000),
    (follow, 4_000),
)


def foreign(part: Callable[[np.random.Generator], None], seeds: range) -> list[str]:
    """What ended otherwise than with a result or an error of the package's own that carries a hint."""
    found = []
    for seed in seeds:
        try:
            part(np.random.default_rng(seed))
        except ImuRepsError as error:
            if not worded(error).hint:
                found.append(f"{part.__name__} {seed}: no hint: {error}")
        except Exception as error:
            found.append(f"{part.__name__} {seed}: {type(error).__name__}: {error}")
    return found


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("part", "count"), [(part, max(20, count // 2000)) for part, count in PARTS])
def test_a_spoilt_input_ends_in_a_result_or_a_word_with_a_hint(
    part: Callable[[np.random.Generator], None], count: int
) -> None:
    assert foreign(part, range(count)) == []


@pytest.mark.soak
@pytest.mark.parametrize(("part", "count"), PARTS)
def test_a_million_spoilt_inputs_end_in_results_or_words_with_hints(
    part: Callable[[np.random.Generator], None], count: int
) -> None:
    found = foreign(part, range(10_000_000, 10_000_000 + count))
    print(f"{part.__name__}: {count} inputs, {len(found)} foreign exceptions")
    assert found == []
