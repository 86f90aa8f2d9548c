"""Sample numbers and clocks as sensors really count, made to run on over wraps, packets and jumps.

Numbers tell what was lost. Where they cannot, the sensor is taken for one whose host numbers what arrives,
and time alone shows losses. Nothing is dropped here, and no row changes its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Counter, Recording
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock

#: Counters of so many bits begin anew at 0: those of microcontrollers, of radio packets and of files.
BITS = (7, 8, 10, 12, 15, 16, 24, 31, 32)
#: A wrap is seen where a number falls from within this share of the range below its end to its beginning.
WRAP_SLACK = 1 / 8
#: A range of no power of two is one where the number falls so often, from the same end to the same beginning.
MIN_WRAPS = 3
#: Counters that begin anew sooner number the samples of a packet: lost packets leave no hole.
SHORTEST_RANGE = 64
#: A number that most rows share with the row before counts packets.
PACKET_SHARE = 0.3
#: Numbers that nearly always go up by the same, more than one, count something finer than samples; those that
#: nearly always go down count what is left. A clock in ms goes up by the same to this share of it.
EVEN_SHARE, EVEN_TO, BACKWARDS_SHARE = 0.9, 0.2, 0.9
#: One numbering over both sensors leaves each of them holes, and both together hardly any.
SHARED_FILLED, SHARED_ALONE = 0.95, 0.8

#: Device clocks begin anew after so many seconds: 16, 24 and 32 bits of µs, ms and 1/32768 s, an hour, a day.
CLOCK_RANGES_S = np.array(
    [
        2**24 / 1e6,
        2**16 / 1e3,
        2**24 / 32768.0,
        3600.0,
        2**32 / 1e6,
        2**24 / 1e3,
        86400.0,
        2**32 / 32768.0,
        2**32 / 1e3,
    ]
)
#: How far the step over a clock's wrap may be from what the arrivals say: a stall of the radio.
WRAP_WITHIN_S = 3.0
#: A clock that is set anew steps by more than this against the sensor's count.
JUMP_S = 2.0
#: Jumps of two sensors so near to each other, and so much alike, are one.
SAME_JUMP_S = 1.5
#: Where the host numbers what arrives, a sensor may have been away; but no set pauses for so long.
NO_PAUSE_S = 600.0
#: Samples before and behind a jump by which a stall of the radio, which is made up for, is told from it.
NEAR_JUMP = 200


@dataclass(frozen=True, slots=True)
class Numbered:
    """A recording whose samples are numbered throughout, and what was found wrong with its numbers."""

    recording: Recording
    findings: tuple[Finding, ...] = ()


def numbered(recording: Recording) -> Numbered:
    """Let the sample numbers and clocks of both sensors run on over their wraps and jumps."""
    found: list[Finding] = []
    shared = _shared(recording)
    for block in recording.blocks:
        header = recording.header.sensor(block.sensor)
        repaired, counter, told = _renumbered(block, header.counter, header.rate_hz, shared=shared)
        repaired = replace(repaired, device_time_s=_continued_clock(repaired))
        found += told
        headers = recording.header.with_sensor(block.sensor, replace(header, counter=counter))
        recording = replace(recording.with_samples(repaired), header=headers)
    recording, jumps = _without_host_jumps(recording)
    return Numbered(recording, (*found, *jumps))


def _shared(recording: Recording) -> bool:
    """Whether one numbering runs over both sensors."""
    if len(recording.blocks) < 2 or recording.pelvis is None or recording.ankle is None:
        return False
    for block in recording.blocks:
        if len(block) > SHARED_ALONE * (float(np.ptp(block.sample)) + 1.0):
            return False
    pelvis, ankle = np.unique(recording.pelvis.sample), np.unique(recording.ankle.sample)
    both = np.union1d(pelvis, ankle)
    if len(both) < len(pelvis) + len(ankle):
        return False
    filled = [len(numbers) / (numbers[-1] - numbers[0] + 1) for numbers in (pelvis, ankle, both)]
    return bool(filled[2] > SHARED_FILLED and max(filled[:2]) < SHARED_ALONE)


def _renumbered(
    block: SampleBlock, counter: Counter, header_hz: float | None, *, shared: bool
) -> tuple[SampleBlock, Counter, list[Finding]]:
    number = block.sample
    step = np.diff(number)
    codes, values, row = list[str](), dict[str, float](), 0
    if shared:
        codes, number, counter = ["counter_shared"], np.arange(len(block)), "host"
    elif not step.any():
        codes, number, counter = ["counter_still"], np.arange(len(block)), "host"
    elif (modulus := _modulus(number, step)) is not None:
        row, values = int(np.argmax(step < 0)) + 1, {"range": modulus}
        if modulus < SHORTEST_RANGE:
            codes, number, counter = ["counter_short"], np.arange(len(block)), "host"
        else:
            codes, number = ["counter_wraps"], _unwrapped(number, modulus)
    elif (step < 0).mean() > BACKWARDS_SHARE:
        codes, number = ["counter_backwards"], number[0] - number
    step = np.diff(number)
    if (step == 0).mean() > PACKET_SHARE and not _copies(block)[step == 0].all():
        codes, (number, counter) = [*codes, "counter_of_packets"], _within_packets(number)
    elif (usual := _usual_step(step, block, header_hz)) > 1:
        codes, values = [*codes, "counter_by_steps"], {**values, "step": usual}
        rows = np.arange(len(block))
        number = np.maximum.accumulate(np.rint((number - number[0]) / usual).astype(np.int64) - rows) + rows
    start_s = float(block.time_s[row])
    found = [
        Finding(code, values=values, severity="caution", sensor=block.sensor, start_s=start_s)
        for code in codes
    ]
    return replace(block, sample=number) if codes else block, counter, found


def _usual_step(step: IntArray, block: SampleBlock, header_hz: float | None) -> float:
    """By how much numbers go up from sample to sample; 1 where the rest may have been lost."""
    usual = float(np.median(step)) if len(step) else 1.0
    even = np.abs(step - usual) <= EVEN_TO * usual
    if usual < 2.0 or even.mean() < EVEN_SHARE:
        return 1.0
    usual = float(step[even].mean())
    by_rows_hz = len(step) / max(float(block.time_s[-1] - block.time_s[0]), 1e-9)
    lost = header_hz is not None and abs(np.log(by_rows_hz * usual / header_hz)) < abs(
        np.log(by_rows_hz / header_hz)
    )
    return 1.0 if lost else usual


def _modulus(number: IntArray, step: IntArray) -> int | None:
    """The number that a counter begins anew at; None where it does not."""
    falls = np.flatnonzero(step < 0)
    if not len(falls):
        return None
    top, bottom = number[falls], number[falls + 1]
    maximum, minimum = int(number.max()), int(number.min())
    for bits in BITS:
        modulus = 1 << bits
        low = -(modulus // 2) if minimum < 0 else 0
        slack = WRAP_SLACK * modulus
        wraps = (top >= low + modulus - slack) & (bottom < low + slack)
        if (
            maximum < low + modulus
            and maximum >= low + modulus - slack
            and minimum >= low
            and wraps.mean() > 0.5
        ):
            return modulus
    from_top = (top >= maximum - 2) & (bottom <= minimum + 2)
    if len(falls) >= MIN_WRAPS and from_top.mean() > 0.9:
        return maximum - minimum + 1
    return None


def _unwrapped(number: IntArray, modulus: int) -> IntArray:
    """Numbers that run on; what comes late stays behind by up to a quarter of the range."""
    step = (np.diff(number) + modulus // 4) % modulus - modulus // 4
    return np.asarray(number[0] + np.append(0, np.cumsum(step)))


def _within_packets(number: IntArray) -> tuple[IntArray, Counter]:
    """Samples numbered by their packet's number, where all packets hold as many."""
    begins = np.flatnonzero(np.append(True, np.diff(number) != 0))
    sizes = np.diff(np.append(begins, len(number)))
    size = int(np.median(sizes))
    if (sizes[:-1] != size).mean() > 0.02 or (np.diff(number[begins]) <= 0).any():
        return np.arange(len(number)), "host"
    return number * size + np.arange(len(number)) - np.repeat(begins, sizes), "device"


def _copies(block: SampleBlock) -> BoolArray:
    """Whether each sample but the first reads the same as the one before, in every channel."""
    same = (block.acc_mps2[1:] == block.acc_mps2[:-1]).all(axis=1)
    return np.asarray(same & (block.gyr_dps[1:] == block.gyr_dps[:-1]).all(axis=1))


def _continued_clock(block: SampleBlock) -> FloatArray:
    """The device clock over its wraps."""
    clock = block.device_time_s
    with np.errstate(invalid="ignore"):  # what is no number is looked at later
        back = np.flatnonzero(np.diff(clock) < -1.0)
    if not len(back):
        return clock
    clock = clock.copy()
    for row in (back + 1).tolist():
        step = clock[row] - clock[row - 1]
        waited = block.time_s[row] - block.time_s[row - 1]
        off = np.abs(step + CLOCK_RANGES_S - waited)
        best = int(off.argmin())
        if off[best] < WRAP_WITHIN_S:
            clock[row:] += CLOCK_RANGES_S[best]
    return clock


def _without_host_jumps(recording: Recording) -> tuple[Recording, list[Finding]]:
    """Arrival times over the moments at which the computer's clock was set.

    A sensor that counts shows that no time passed; one that does not must at least be silent for as long.
    """
    jumps = [list(_host_jumps(block, recording)) for block in recording.blocks]
    if not all(jumps):
        return recording, []
    found: list[Finding] = []
    for at_s, by_s, _ in reversed(jumps[0]):
        near = [
            [jump for jump in of_sensor if abs(jump[0] - at_s) + abs(jump[1] - by_s) < SAME_JUMP_S]
            for of_sensor in jumps
        ]
        sure = [jump[1] for of_sensor in near for jump in of_sensor if jump[2]]
        if all(near) and sure:
            found.append(Finding("clock_jumped", values={"by_s": sure[0]}, severity="caution", start_s=at_s))
            recording = _set_back(recording, at_s + 0.5 * sure[0], sure[0])
    return recording, found


def _set_back(recording: Recording, after_s: float, by_s: float) -> Recording:
    """The recording with everything after a moment earlier by so much."""
    for block in recording.blocks:
        time_s = block.time_s - by_s * (block.time_s > after_s)
        recording = recording.with_samples(replace(block, time_s=time_s))
    notes = [replace(note, time_s=note.time_s - by_s * (note.time_s > after_s)) for note in recording.notes]
    return replace(recording, notes=tuple(notes))


def _host_jumps(block: SampleBlock, recording: Recording) -> Iterator[tuple[float, float, bool]]:
    """When arrivals leap ahead for good, by how much, and whether the sensor's own count shows it."""
    waited = np.diff(block.time_s)
    rows = np.flatnonzero(waited > JUMP_S) + 1
    if not len(rows):
        return
    header = recording.header.sensor(block.sensor)
    usual_s = float(np.median(waited[waited > 0])) if header.rate_hz is None else 1.0 / header.rate_hz
    has_clock = bool(np.isfinite(block.device_time_s).all())
    count = block.device_time_s if has_clock else np.asarray(block.sample * usual_s)
    delay = block.time_s - count
    for row in rows.tolist():
        by_s = float(delay[row : row + NEAR_JUMP].min() - delay[max(0, row - NEAR_JUMP) : row].min())
        sure = has_clock or header.counter == "device" or by_s > NO_PAUSE_S
        if by_s > JUMP_S:
            yield float(block.time_s[row - 1]), by_s, sure
