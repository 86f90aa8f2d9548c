"""Sample numbers and clocks as sensors really count, made continuous over wraps, packets and jumps.

Numbers show losses. If they cannot, samples are taken to be numbered by the host on arrival, and time alone
shows losses. No row is dropped or moved here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Counter, Recording
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock
from imu_reps.kinematics.clock.envelope import coarse_slope
from imu_reps.kinematics.clock.ticks import BACKLOG_SPANS, drains


@dataclass(frozen=True, slots=True)
class NumberingParams:
    """Parameters of counters and clocks.

    Attributes
    ----------
    bits : tuple
        Widths of counters that wrap to 0: those of microcontrollers, of radio packets and of files.
    decimal : tuple
        Ranges of counters that a person or a display can read.
    wrap_slack : float
        Distance from the end of the range, as a share of it, within which a number wraps to the beginning.
    min_wraps : int
        Fewest falls from the same end to the same beginning that show a range other than a power of two.
    min_range : int
        Smallest range of a useful counter: one that wraps sooner numbers the samples within a packet, and
        lost packets leave no hole.
    packet_share : float
        Share of rows with the number of the row before, above which the numbers count packets.
    most, even_to : float
        Smallest share of equal steps, larger than one, of numbers that count something finer than samples, or
        of backward steps of numbers that count down; and greatest relative difference of equal steps, as of a
        clock in ms.
    back_and_forth, no_order : float
        Greatest share of backward steps of numbers without an order, and half of it the smallest; and their
        greatest correlation of ranks with the rows: two streams under one name have 0.5 and more.
    time_units, follows_time_s, beyond_rows : tuple or float
        Units per second of numbers that are times; greatest deviation of such numbers from `time_s`, as no
        counter has, whose samples wait for the radio; and smallest ratio of their range to the number of
        rows (ours).
    shared_filled, shared_alone : float
        If one numbering runs over both sensors: smallest share of the numbers in both together, and greatest
        in each alone.
    wrap_within_s : float
        Greatest difference of the step over a clock's wrap from that of the arrivals, by a stall of the
        radio.
    note_within_s : float
        Greatest difference of a noted restart from the first sample after it: a note is not rounded.
    jump_s : float
        Smallest jump of the computer's clock against the sensor's count.
    same_jump_s : float
        Greatest difference of the times and sizes of one jump in both sensors, together.
    no_pause_s : float
        Jump that is no pause of a set, even if the host numbers the samples and the sensor may have been
        away.
    near_jump : int
        Number of samples before and after a jump that distinguish it from a stall of the radio, after which
        arrivals catch up; after it, in addition to those that may have waited.
    """

    bits: tuple[int, ...] = (7, 8, 10, 12, 15, 16, 24, 31, 32)
    decimal: tuple[int, ...] = (100, 1000, 10_000, 100_000)
    wrap_slack: float = 1 / 8
    min_wraps: int = 3
    min_range: int = 64
    packet_share: float = 0.3
    most: float = 0.9
    even_to: float = 0.2
    back_and_forth: float = 0.7
    no_order: float = 0.1
    time_units: tuple[float, ...] = (1e3, 1e6)
    follows_time_s: float = 0.002
    beyond_rows: float = 1.5
    shared_filled: float = 0.95
    shared_alone: float = 0.8
    wrap_within_s: float = 3.0
    note_within_s: float = 0.001
    jump_s: float = 2.0
    same_jump_s: float = 1.5
    no_pause_s: float = 600.0
    near_jump: int = 200


PARAMS = NumberingParams()


#: Ranges after which device clocks wrap: 16, 24 and 32 bits of µs, ms and 1/32768 s, an hour, a day.
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


def numbered(recording: Recording) -> tuple[Recording, list[Finding]]:
    """Make the sample numbers and clocks of both sensors continuous over their wraps and jumps."""
    found: list[Finding] = []
    shared = _shared(recording)
    for block in recording.blocks:
        header = recording.header.sensor(block.sensor)
        repaired, counter, noticed = _renumbered(block, header.counter, header.rate_hz, shared=shared)
        clock = _continued_clock(repaired, _begins_anew(repaired, recording))
        if noticed or clock is not block.device_time_s:
            headers = recording.header.with_sensor(block.sensor, replace(header, counter=counter))
            repaired = replace(repaired, device_time_s=clock)
            recording = replace(recording.with_samples(repaired), header=headers)
        found += noticed
    recording, jumps = _without_host_jumps(recording)
    return recording, found + jumps


def _shared(recording: Recording) -> bool:
    """Whether one numbering runs over both sensors."""
    numbers = [block.sample for block in recording.blocks]
    if len(numbers) < 2 or any(
        len(one) > PARAMS.shared_alone * (float(np.ptp(one)) + 1.0) for one in numbers
    ):
        return False
    pelvis, ankle = map(np.unique, numbers)
    both = np.union1d(pelvis, ankle)
    if len(both) < len(pelvis) + len(ankle):
        return False
    filled = [len(numbers) / (numbers[-1] - numbers[0] + 1) for numbers in (pelvis, ankle, both)]
    return bool(filled[2] > PARAMS.shared_filled and max(filled[:2]) < PARAMS.shared_alone)


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
    elif _is_time(block, header_hz):
        codes, number, counter = ["counter_is_time"], np.arange(len(block)), "host"
    elif (modulus := _modulus(number, step)) is not None:
        row, values = int(np.argmax(step < 0)) + 1, {"range": modulus}
        if modulus < PARAMS.min_range:
            codes, number, counter = ["counter_short"], np.arange(len(block)), "host"
        else:
            codes, number = ["counter_wraps"], _unwrapped(number, modulus)
    elif _without_order(number, step):
        codes, number, counter = ["counter_random"], np.arange(len(block)), "host"
    elif (step < 0).mean() > PARAMS.most:
        codes, number = ["counter_backwards"], number[0] - number
    step = np.diff(number)
    if (step == 0).mean() > PARAMS.packet_share and not _copies(block)[step == 0].all():
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


def _without_order(number: IntArray, step: IntArray) -> bool:
    """Whether numbers go back as often as forward and come in no order, unlike those of two streams."""
    if not 0.5 * PARAMS.back_and_forth < (step < 0).mean() < PARAMS.back_and_forth:
        return False
    rank = number.argsort(kind="stable").argsort(kind="stable")
    return bool(abs(np.corrcoef(rank, np.arange(len(rank)))[0, 1]) < PARAMS.no_order)


def _is_time(block: SampleBlock, header_hz: float | None) -> bool:
    """Whether the numbers are the times of arrival, in another unit."""
    counted = float(block.sample[-1]) - float(block.sample[0])
    if counted < PARAMS.beyond_rows * len(block):
        return False
    unit = min(PARAMS.time_units, key=lambda unit: abs(counted / unit - float(np.ptp(block.time_s))))
    by_rate = header_hz is not None and header_hz * PARAMS.beyond_rows > unit
    return not by_rate and bool(np.ptp(block.sample / unit - block.time_s) < PARAMS.follows_time_s)


def _usual_step(step: IntArray, block: SampleBlock, header_hz: float | None) -> float:
    """Return the usual step of numbers between samples; 1 if the numbers between may have been lost."""
    if 2 * np.count_nonzero(step < 2) > len(step):
        return 1.0
    usual = float(np.median(step)) if len(step) else 1.0
    even = np.abs(step - usual) <= PARAMS.even_to * usual
    if usual < 2.0 or even.mean() < PARAMS.most:
        return 1.0
    usual = float(step[even].mean())
    by_rows_hz = len(step) / max(float(block.time_s[-1] - block.time_s[0]), 1e-9)
    lost = header_hz is not None and abs(np.log(by_rows_hz * usual / header_hz)) < abs(
        np.log(by_rows_hz / header_hz)
    )
    return 1.0 if lost else usual


def _modulus(number: IntArray, step: IntArray) -> int | None:
    """Return the number at which a counter wraps; None if it does not."""
    falls = np.flatnonzero(step < 0)
    if not len(falls):
        return None
    top, bottom = number[falls], number[falls + 1]
    maximum, minimum = int(number.max()), int(number.min())
    whole = (top == maximum) & (bottom == 0)
    if maximum + 1 in PARAMS.decimal and minimum == 0 and whole.mean() > 0.5:
        return maximum + 1
    for bits in PARAMS.bits:
        modulus = 1 << bits
        low = -(modulus // 2) if minimum < 0 else 0
        slack = PARAMS.wrap_slack * modulus
        wraps = (top >= low + modulus - slack) & (bottom < low + slack)
        if (
            maximum < low + modulus
            and maximum >= low + modulus - slack
            and minimum >= low
            and wraps.mean() > 0.5
        ):
            return modulus
    from_top = (top >= maximum - 2) & (bottom <= minimum + 2)
    if len(falls) >= PARAMS.min_wraps and from_top.mean() > 0.9:
        return maximum - minimum + 1
    return None


def _unwrapped(number: IntArray, modulus: int) -> IntArray:
    """Return continuous numbers; late samples may stay behind by up to a quarter of the range."""
    step = (np.diff(number) + modulus // 4) % modulus - modulus // 4
    return np.asarray(number[0] + np.append(0, np.cumsum(step)))


def _within_packets(number: IntArray) -> tuple[IntArray, Counter]:
    """Return sample numbers from packet numbers if all packets have one size, else numbers by the host."""
    begins = np.flatnonzero(np.append(True, np.diff(number) != 0))
    sizes = np.diff(np.append(begins, len(number)))
    size = int(np.median(sizes))
    if (sizes[:-1] != size).mean() > 0.02 or (np.diff(number[begins]) <= 0).any():
        return np.arange(len(number)), "host"
    return number * size + np.arange(len(number)) - np.repeat(begins, sizes), "device"


def _copies(block: SampleBlock) -> BoolArray:
    """Return whether each sample but the first equals the one before, in every channel."""
    same = (block.acc_mps2[1:] == block.acc_mps2[:-1]).all(axis=1)
    return np.asarray(same & (block.gyr_dps[1:] == block.gyr_dps[:-1]).all(axis=1))


def _begins_anew(block: SampleBlock, recording: Recording) -> BoolArray:
    """Return, (n,), where the sensor's count begins anew: it was switched on again, which is no wrap.

    Its number falls there, if it has one, or the recorder noted it.
    """
    anew = np.append(False, np.diff(block.sample) < 0)
    noted_s = [
        note.time_s
        for note in recording.notes
        if note.key == "restart" and note.value in (block.sensor, "both")
    ]
    rows = np.searchsorted(block.time_s, np.array(noted_s) - PARAMS.note_within_s)
    anew[rows[rows < len(anew)]] = True
    return anew


def _continued_clock(block: SampleBlock, anew: BoolArray) -> FloatArray:
    """Return the device clock, continuous over its wraps."""
    clock = block.device_time_s
    with np.errstate(invalid="ignore"):  # values that are no numbers are checked later
        back = np.flatnonzero((np.diff(clock) < -1.0) & ~anew[1:])
    if not len(back):
        return clock
    clock = clock.copy()
    for row in (back + 1).tolist():
        step = clock[row] - clock[row - 1]
        waited = block.time_s[row] - block.time_s[row - 1]
        off = np.abs(step + CLOCK_RANGES_S - waited)
        best = int(off.argmin())
        if off[best] < PARAMS.wrap_within_s:
            clock[row:] += CLOCK_RANGES_S[best]
    return clock


def _without_host_jumps(recording: Recording) -> tuple[Recording, list[Finding]]:
    """Make arrival times continuous where the computer's clock was set.

    A sensor that counts shows that no time passed; one that does not must at least be silent for as long.
    """
    jumps = [list(_host_jumps(block, recording)) for block in recording.blocks]
    if not all(jumps):
        return recording, []
    found: list[Finding] = []
    for at_s, by_s, _ in reversed(jumps[0]):
        near = [
            [jump for jump in of_sensor if abs(jump[0] - at_s) + abs(jump[1] - by_s) < PARAMS.same_jump_s]
            for of_sensor in jumps
        ]
        sure = [jump[1] for of_sensor in near for jump in of_sensor if jump[2]]
        if all(near) and sure:
            found.append(Finding("clock_jumped", values={"by_s": sure[0]}, severity="caution", start_s=at_s))
            recording = _set_back(recording, at_s + 0.5 * sure[0], sure[0])
    return recording, found


def _set_back(recording: Recording, after_s: float, by_s: float) -> Recording:
    """Return the recording with everything after a moment shifted earlier by `by_s`."""
    for block in recording.blocks:
        time_s = block.time_s - by_s * (block.time_s > after_s)
        recording = recording.with_samples(replace(block, time_s=time_s))
    notes = [replace(note, time_s=note.time_s - by_s * (note.time_s > after_s)) for note in recording.notes]
    return replace(recording, notes=tuple(notes))


def _host_jumps(block: SampleBlock, recording: Recording) -> Iterator[tuple[float, float, bool]]:
    """Yield when arrivals jump ahead permanently, by how much, and whether the sensor's count shows it."""
    waited = np.diff(block.time_s)
    rows = np.flatnonzero((waited > PARAMS.jump_s) & ~_begins_anew(block, recording)[1:]) + 1
    if not len(rows):
        return
    header = recording.header.sensor(block.sensor)
    usual_s = (
        1.0 / header.rate_hz
        if header.rate_hz
        else coarse_slope(block.sample.astype(np.float64), block.time_s)
    )
    if usual_s is None:
        return
    has_clock = bool(np.isfinite(block.device_time_s).all())
    count = block.device_time_s if has_clock else np.asarray(block.sample * usual_s)
    delay = block.time_s - count
    for row in rows.tolist():
        before = delay[max(0, row - PARAMS.near_jump) : row]
        # a backlog of what was sent meanwhile comes late too, but drains, at twice the rate or faster
        drained = row + PARAMS.near_jump + int(BACKLOG_SPANS * waited[row - 1] / usual_s)
        by_s = float(delay[row:drained].min() - before.min())
        sure = has_clock or header.counter == "device" or by_s > PARAMS.no_pause_s
        if by_s > PARAMS.jump_s and not drains(block.time_s[row:drained], delay[row:drained]):
            yield float(block.time_s[row - 1]), by_s, sure
