"""Faults of recordings as users report them: each is a change of a recording.

A kind is a function of a recording, the affected sensors and a random generator, which draws its strength
and its position in time. The report must name it with words that match its pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter, filtfilt, lfilter
from scipy.spatial.transform import Rotation

from imu_reps import Recording, SampleBlock
from imu_reps.domain.samples import SensorPlace, concatenate

Change = Callable[[SampleBlock, np.random.Generator], SampleBlock]
Spoil = Callable[[Recording, Sequence[SensorPlace], np.random.Generator], Recording]


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes
    ----------
    named : str
        Pattern of the words that name it.
    spoil : callable
        Maps a recording, the affected sensors and a random generator to the changed recording.
    """

    named: str
    spoil: Spoil


def _of_sensor(change: Change) -> Spoil:
    """Apply a change to one sensor, or to both in the same way."""

    def spoil(recording: Recording, places: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
        state = rng.bit_generator.state
        for place in places:
            rng.bit_generator.state = state  # the same random state for both sensors: one cause
            block = recording.samples(place)
            assert block is not None
            recording = recording.with_samples(change(block, rng))
        return recording

    return spoil


def _real(spoil: Spoil) -> Spoil:
    """Apply a change, and say nothing of the simulator: a simulated sensor may be free of noise."""

    def changed(recording: Recording, places: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
        spoilt = spoil(recording, places, rng)
        return replace(spoilt, header=replace(spoilt.header, simulated=False))

    return changed


def rows(block: SampleBlock, keep: np.ndarray) -> SampleBlock:
    """Select rows of a block."""
    columns = (block.time_s, block.sample, block.device_time_s, block.acc_mps2, block.gyr_dps)
    return SampleBlock(block.sensor, *(column[keep] for column in columns))


def _values(block: SampleBlock) -> np.ndarray:
    return np.hstack([block.acc_mps2, block.gyr_dps])


def _with(block: SampleBlock, values: np.ndarray) -> SampleBlock:
    return replace(block, acc_mps2=values[:, :3].copy(), gyr_dps=values[:, 3:].copy())


def _stretch(block: SampleBlock, rng: np.random.Generator, shortest_s: float, longest_s: float) -> slice:
    """Draw a stretch from the middle of the recording."""
    first, last = block.time_s[0], block.time_s[-1]
    start_s = rng.uniform(first + 0.15 * (last - first), first + 0.8 * (last - first))
    return slice(*np.searchsorted(block.time_s, [start_s, start_s + rng.uniform(shortest_s, longest_s)]))


def _row(block: SampleBlock, rng: np.random.Generator, low: float = 0.35, high: float = 0.75) -> int:
    """Draw a row in the middle of the recording."""
    at_s = block.time_s[0] + rng.uniform(low, high) * (block.time_s[-1] - block.time_s[0])
    return int(np.searchsorted(block.time_s, at_s))


def _without_clock(block: SampleBlock) -> SampleBlock:
    return replace(block, device_time_s=np.full(len(block), np.nan))


# rows that are no readings


def rows_of_one_value(value: float) -> Change:
    def change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
        values = _values(block)
        values[rng.random(len(block)) < rng.uniform(0.005, 0.05)] = value
        return _with(block, values)

    return change


def zeros_of_one_channel(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values, column = _values(block), int(rng.integers(6))
    values[rng.random(len(block)) < rng.uniform(0.01, 0.08), column] = 0.0
    return _with(block, values)


def floats(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A broken wire: noise alone from some time on."""
    values, row = _values(block), _row(block, rng)
    own = np.random.default_rng([int(rng.integers(1000)), block.sensor == "ankle"])
    values[row:] = own.normal(0.0, 0.05, values[row:].shape)
    return _with(block, values)


def rails(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values, hit = _values(block), rng.random(len(block)) < rng.uniform(0.003, 0.03)
    values[hit] = [156.9] * 3 + [2000.0] * 3
    return _with(block, values)


def spikes(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values = _values(block)
    for row in rng.integers(5, len(block) - 5, int(rng.integers(3, 40))):
        column = int(rng.integers(6))
        size = rng.uniform(60.0, 150.0) if column < 3 else rng.uniform(300.0, 2000.0)
        values[row, column] += size * rng.choice([-1.0, 1.0])
    return _with(block, values)


def garbage_at_edges(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """One column of garbage in a few rows: the first ones, the last ones, or those next to a hole."""
    values, column, count = _values(block), int(rng.integers(6)), int(rng.integers(1, 4))
    keep, hole = np.ones(len(block), bool), _stretch(block, rng, 0.3, 0.6)
    where = int(rng.integers(4))
    if where > 1:
        keep[hole] = False
    start = (0, len(block) - count, hole.start - count, hole.stop)[where]
    values[start : start + count, column] = rng.choice([-1.0, 1.0]) * rng.choice([150.0, 9999.0, 45000.0])
    values[start : start + count, column] *= 1.0 if column < 3 else 10.0
    return rows(_with(block, values), keep)


def force_at_its_rail(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values = _values(block)
    values[rng.random(len(block)) < rng.uniform(0.01, 0.08), :3] = 78.45
    return _with(block, values)


def axis_at_its_rail(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values, column = _values(block), int(rng.integers(6))
    values[rng.random(len(block)) < rng.uniform(0.01, 0.04), column] = 156.9 if column < 3 else -2000.0
    return _with(block, values)


def freeze(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values, where = _values(block), _stretch(block, rng, 0.3, 5.0)
    values[where] = values[where.start]
    return _with(block, values)


def freeze_of_an_axis(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values, where, column = _values(block), _stretch(block, rng, 0.5, 10.0), int(rng.integers(6))
    values[where, column] = values[where.start, column]
    return _with(block, values)


def hole_filled(columns: slice) -> Change:
    """Rows that were missing, filled in along straight lines."""

    def change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
        values, where = _values(block), _stretch(block, rng, 0.3, 2.0)
        share = np.linspace(0.0, 1.0, where.stop - where.start + 2)[1:-1, None]
        first, last = values[where.start - 1, columns], values[where.stop, columns]
        values[where, columns] = first + share * (last - first)
        return _with(block, values)

    return change


def column_dragged_down(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A spreadsheet's column that was filled in downwards: it goes on as its first two cells."""
    values, where, column = _values(block), _stretch(block, rng, 2.0, 6.0), int(rng.integers(6))
    first, second = values[where.start : where.start + 2, column]
    values[where, column] = first + np.arange(where.stop - where.start) * (second - first)
    return _with(block, values)


def rows_put_in(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Rows were missing here and there, and the mean or the median of each column was put in."""
    values, filled = _values(block), rng.random(len(block)) < rng.uniform(0.005, 0.03)
    values[filled] = (np.mean, np.median)[int(rng.integers(2))](values[~filled], axis=0)
    return _with(block, values)


def cells_put_in(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Single cells were missing, and the mean of their column was put in."""
    values, filled = _values(block), rng.random((len(block), 6)) < rng.uniform(0.005, 0.03)
    for column in range(6):
        values[filled[:, column], column] = values[~filled[:, column], column].mean()
    return _with(block, values)


def dead_band(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Small rates are set to 0 in each axis, after a calibration at rest."""
    values = _values(block)
    values[:, 3:] -= np.median(values[:50, 3:], axis=0)
    values[:, 3:][np.abs(values[:, 3:]) < rng.uniform(0.4, 1.5)] = 0.0
    return _with(block, values)


def no_rate_for_a_moment(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values = _values(block)
    fast = np.flatnonzero(np.linalg.norm(values[:, 3:], axis=1) > 15.0)
    for row in rng.choice(fast, min(len(fast), 3)).tolist():
        values[row : row + int(rng.integers(4, 25)), 3:] = 0.0
    return _with(block, values)


def death(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values, row = _values(block), _row(block, rng)
    values[row:] = values[row] if rng.random() < 0.5 else 0.0
    return _with(block, values)


def packets_again(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Packets arrive as A B C D A B C D: the host numbers what arrives, and there is no clock."""
    size, share, row = int(rng.choice([1, 2, 4, 10])), rng.uniform(0.05, 1.0), _row(block, rng, 0.2, 0.8)
    keep: list[int] = []
    for start in range(0, len(block), size):
        packet = list(range(start, min(start + size, len(block))))
        keep += packet * (2 if start > row and rng.random() < share else 1)
    again = _without_clock(rows(block, np.array(keep)))
    return replace(again, time_s=np.maximum.accumulate(again.time_s), sample=np.arange(len(keep)))


def stretch_again(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A stretch stands twice, and what follows it comes later."""
    where, period_s = _stretch(block, rng, 2.0, 12.0), float(np.ptp(block.time_s)) / len(block)
    row = np.r_[0 : where.stop, where.start : len(block)]
    shift_s = float(np.ptp(block.time_s[where])) + period_s
    again = _without_clock(rows(block, row))
    time_s = again.time_s + shift_s * (np.arange(len(row)) >= where.stop)
    return replace(again, time_s=np.maximum.accumulate(time_s), sample=np.arange(len(row)))


def file_again(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A file that was joined to itself; the counter goes on, or begins anew."""
    again = _without_clock(rows(block, np.r_[0 : len(block), 0 : len(block)]))
    second = np.arange(len(again)) >= len(block)
    sample = again.sample + second * (np.ptp(block.sample) + 1) * int(rng.integers(2))
    return replace(again, time_s=again.time_s + second * (np.ptp(block.time_s) + 0.05), sample=sample)


def every_packet_twice(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Packets come twice with the numbers and times that the sensor gave them."""
    size = int(rng.choice([5, 10, 20]))
    order = np.concatenate(
        [np.tile(packet, 2) for packet in np.split(np.arange(len(block)), range(size, len(block), size))]
    )
    again = rows(block, order)
    return replace(again, time_s=np.maximum.accumulate(again.time_s))


def _host(spoil: Spoil) -> Spoil:
    """Apply a change to sensors that neither count nor have a clock."""

    def of_host(recording: Recording, places: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
        recording = spoil(recording, places, rng)
        header = recording.header
        for place in places:
            header = header.with_sensor(place, replace(header.sensor(place), counter="host"))
        return replace(recording, header=header)

    return of_host


def readings_again(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A sensor that is read more often than it measures."""
    start, times = _row(block, rng, 0.0, 0.5), int(rng.choice([2, 3, 4]))
    row = np.arange(len(block))
    return _with(block, _values(block)[np.where(row > start, row - row % times, row)])


def hiccups(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """The last reading is repeated, for 50 to 300 ms each time."""
    values = _values(block)
    for start in rng.integers(1, len(block) - 40, int(rng.integers(3, 15))):
        values[start : start + int(rng.integers(5, 30))] = values[start]
    return _with(block, values)


def half_dead(column: int) -> Change:
    """Accelerometer or gyroscope reads one value from some time on, the other one works."""

    def change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
        values, row = _values(block), _row(block, rng)
        values[row:, column : column + 3] = values[row, column : column + 3] if rng.random() < 0.5 else 0.0
        return _with(block, values)

    return change


def rounded(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    acc, gyr = rng.permutation([[0.1, 0.1], [1.0, 1.0], [0.0980665, 0.01], [0.01, 1.0]])[0]
    return replace(
        block, acc_mps2=np.round(block.acc_mps2 / acc) * acc, gyr_dps=np.round(block.gyr_dps / gyr) * gyr
    )


# rates and ranges


def faster_from_some_time_on(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    row, step = _row(block, rng), int(rng.choice([2, 3]))
    keep = np.concatenate([np.arange(0, row, step), np.arange(row, len(block))])
    faster = _without_clock(rows(block, keep))
    return replace(faster, sample=np.arange(len(keep)))


def slower_from_some_time_on(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    row, step = _row(block, rng), int(rng.choice([2, 3, 4]))
    keep = np.concatenate([np.arange(row), np.arange(row, len(block), step)])
    return rows(block, keep)


def slower_uncounted(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    slower = _without_clock(slower_from_some_time_on(block, rng))
    return replace(slower, sample=np.arange(len(slower)))


def slower_for_a_while(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    start, end, step = _row(block, rng, 0.2, 0.45), _row(block, rng, 0.55, 0.8), int(rng.choice([2, 4]))
    keep = np.r_[0:start, start:end:step, end : len(block)]
    slower = _without_clock(rows(block, keep))
    return replace(slower, sample=np.arange(len(keep)))


def wrap_round(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    most = float(np.abs(block.gyr_dps).max())
    reach = max(125.0, most * rng.uniform(0.6, 0.9))
    return replace(block, gyr_dps=(block.gyr_dps + reach) % (2.0 * reach) - reach)


def cut_off(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    reach = max(125.0, float(np.abs(block.gyr_dps).max()) * rng.uniform(0.5, 0.8))
    wobble = rng.normal(0.0, rng.choice([0.0, 0.3]), block.gyr_dps.shape)
    beyond = np.abs(block.gyr_dps) > reach
    return replace(block, gyr_dps=np.where(beyond, np.sign(block.gyr_dps) * reach + wobble, block.gyr_dps))


def acc_cut_off(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    reach = max(19.6, float(np.abs(block.acc_mps2).max()) * rng.uniform(0.5, 0.8))
    return replace(block, acc_mps2=np.clip(block.acc_mps2, -reach, reach))


# accelerometer against gyroscope


def warming(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """The bias of the gyroscope drifts in a random direction."""
    towards, share = rng.normal(size=3), (block.time_s - block.time_s[0]) / np.ptp(block.time_s)
    most = rng.uniform(2.0, 6.0) * towards / np.linalg.norm(towards)
    return replace(block, gyr_dps=block.gyr_dps + most * share[:, None] ** rng.uniform(0.5, 2.0))


def zeroes_itself(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """The gyroscope takes every half second in which its rate hardly changes for its zero."""
    gyr_dps, zero, most = block.gyr_dps.copy(), np.zeros(3), rng.uniform(6.0, 15.0)
    for rows in np.array_split(np.arange(len(block)), int(2.0 * np.ptp(block.time_s))):
        raw = gyr_dps[rows]
        gyr_dps[rows] = raw - zero
        if np.abs(raw - raw.mean(axis=0)).max() < most:
            zero = raw.mean(axis=0)
    return replace(block, gyr_dps=gyr_dps)


def slow_rates_filtered(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """The sensor's own high-pass filter of the rate is on, at 0.03 to 0.15 Hz."""
    per_sample = (len(block) - 1) / float(np.ptp(block.time_s))
    filtered = lfilter(*butter(1, 2.0 * rng.uniform(0.03, 0.15) / per_sample, "high"), block.gyr_dps, axis=0)
    return replace(block, gyr_dps=filtered)


def not_worn(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """The sensor lies on the floor all the while."""
    up, noise = rng.normal(size=3), rng.normal(size=(2, len(block), 3))
    acc_mps2 = 9.81 * up / np.linalg.norm(up) + 0.03 * noise[0]
    return replace(block, acc_mps2=acc_mps2, gyr_dps=rng.normal(size=3) + 0.1 * noise[1])


def columns_swapped(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    order = rng.permutation([[1, 0, 2], [2, 1, 0], [0, 2, 1]])[0]
    return replace(block, gyr_dps=block.gyr_dps[:, order])


def scale(channel: str, low: float, high: float) -> Change:
    def change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
        factor = rng.uniform(low, high)
        factor = factor if rng.random() < 0.5 else 1.0 / factor
        return replace(block, **{channel: getattr(block, channel) * factor})

    return change


def gyro_unit(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Raw counts, m°/s, or degrees converted from rad/s twice."""
    return replace(block, gyr_dps=block.gyr_dps * rng.choice([16.4, 57.29578, 131.0, 1000.0]))


def constant_axis(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    values, column = _values(block), int(rng.integers(6))
    values[:, column] = 0.0
    return _with(block, values)


def force_columns_swapped(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    order = rng.permutation([[1, 0, 2], [2, 1, 0], [0, 2, 1]])[0]
    return replace(block, acc_mps2=block.acc_mps2[:, order])


def force_for_rate(block: SampleBlock, _: np.random.Generator) -> SampleBlock:
    return replace(block, acc_mps2=block.gyr_dps, gyr_dps=block.acc_mps2)


def small_gyro_spikes(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Single readings of single axes of the gyroscope leap by 30 to 150 deg/s."""
    gyr_dps = block.gyr_dps.copy()
    rows = rng.integers(5, len(block) - 5, 30)
    leaps = rng.choice([-1.0, 1.0], 30) * rng.uniform(30.0, 150.0, 30)
    gyr_dps[rows, rng.integers(3, size=30)] += leaps
    return replace(block, gyr_dps=gyr_dps)


def noise_for_a_while(acc_mps2: float) -> Change:
    """Half a second to two seconds of strong noise in all columns, or in the gyroscope's alone."""

    def change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
        values, where = _values(block), _stretch(block, rng, 0.5, 2.0)
        size = np.array([acc_mps2] * 3 + [60.0] * 3) * rng.uniform(0.4, 1.5)
        values[where] += size * rng.standard_normal(values[where].shape)
        return _with(block, values)

    return change


def interpolated(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A recording of 5 to 20 samples a second that a program filled up along straight lines."""
    measured_s = np.arange(block.time_s[0], block.time_s[-1], 1.0 / rng.uniform(5.0, 20.0))
    even_s = np.linspace(block.time_s[0], block.time_s[-1], len(block))
    columns = [
        np.interp(even_s, measured_s, np.interp(measured_s, even_s, column)) for column in _values(block).T
    ]
    return _with(block, np.array(columns).T)


def filtered(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A recording that was smoothed there and back, at 0.5 to 3 Hz."""
    rate_hz = (len(block) - 1) / float(block.time_s[-1] - block.time_s[0])
    taps = butter(2, rng.uniform(0.5, 3.0) / (rate_hz / 2.0))
    return _with(block, filtfilt(*taps, _values(block), axis=0))


def clock_changes_speed(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """The sensor's own clock goes half as fast or twice as fast from some time on."""
    row, clock_s = _row(block, rng), block.device_time_s.copy()
    clock_s[row:] = clock_s[row] + (clock_s[row:] - clock_s[row]) * rng.choice([0.5, 2.0])
    return replace(block, device_time_s=clock_s)


def gyro_scale_changes(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A gyroscope that is set to another range, from some time on or up to it."""
    row, times = _row(block, rng), rng.choice([0.25, 0.5, 2.0, 4.0])
    gyr_dps = block.gyr_dps.copy()
    gyr_dps[row:] *= times
    return replace(block, gyr_dps=gyr_dps if rng.random() < 0.7 else gyr_dps / times)


def gyro_axes_change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A gyroscope whose axis that turns most changes its sign, or whose axes change their order."""
    row, gyr_dps = _row(block, rng), block.gyr_dps.copy()
    if rng.random() < 0.5:
        gyr_dps[row:, gyr_dps.var(axis=0).argmax()] *= -1.0
    else:
        order = [(1, 0, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)][int(rng.integers(4))]
        gyr_dps[row:] = gyr_dps[row:, order]
    return replace(block, gyr_dps=gyr_dps)


def late_gyro(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A gyroscope whose readings are written 0.3 to 1 s late or early beside the accelerometer's."""
    late_s = rng.uniform(0.3, 1.0) * rng.choice([-1.0, 1.0])
    by = round(late_s * (len(block) - 1) / float(block.time_s[-1] - block.time_s[0]))
    rows = np.clip(np.arange(len(block)) - by, 0, len(block) - 1)
    return replace(block, gyr_dps=block.gyr_dps[rows])


def late_from_some_time_on(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A gyroscope whose readings come 0.3 to 0.8 s late from some time on."""
    row, gyr_dps = _row(block, rng), block.gyr_dps.copy()
    by = round(rng.uniform(0.3, 0.8) * (len(block) - 1) / float(block.time_s[-1] - block.time_s[0]))
    gyr_dps[row + by :] = block.gyr_dps[row : len(block) - by]
    return replace(block, gyr_dps=gyr_dps)


def scaled_for_a_while(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A gyroscope with another range for 4 to 12 s."""
    rows = _stretch(block, rng, 4.0, 12.0)
    gyr_dps = block.gyr_dps.copy()
    gyr_dps[rows] *= rng.choice([0.25, 0.5, 2.0, 4.0])
    return replace(block, gyr_dps=gyr_dps)


def smooth_gyro(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A gyroscope that is smoothed by a mean over 0.6 to 1.2 s back, the accelerometer is not."""
    period_s = float(block.time_s[-1] - block.time_s[0]) / (len(block) - 1)
    length = round(rng.uniform(0.6, 1.2) / period_s)
    total = np.cumsum(np.vstack([np.tile(block.gyr_dps[:1], (length, 1)), block.gyr_dps]), axis=0)
    return replace(block, gyr_dps=(total[length:] - total[:-length]) / length)


def force_scale_changes(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """An accelerometer that is set to another range from some time on or up to it."""
    row, times = _row(block, rng), rng.choice([0.25, 0.5, 2.0, 4.0])
    acc_mps2 = block.acc_mps2.copy()
    acc_mps2[row:] *= times
    return replace(block, acc_mps2=acc_mps2 if rng.random() < 0.7 else acc_mps2 / times)


def gyro_axis(factor: float) -> Change:
    """One axis of the gyroscope is dead (noise alone) or inverted: the one that turns most."""

    def change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
        gyr = block.gyr_dps.copy()
        axis = int(gyr.var(axis=0).argmax())
        gyr[:, axis] = factor * gyr[:, axis] + (rng.normal(0.0, 0.1, len(gyr)) if factor == 0.0 else 0.0)
        return replace(block, gyr_dps=gyr)

    return change


def gyro_without_signs(block: SampleBlock, _: np.random.Generator) -> SampleBlock:
    """The axis of the gyroscope that turns most reads the rate's size alone."""
    gyr_dps = block.gyr_dps.copy()
    axis = gyr_dps.var(axis=0).argmax()
    gyr_dps[:, axis] = np.abs(gyr_dps[:, axis])
    return replace(block, gyr_dps=gyr_dps)


def left_handed(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    axis, gyr, acc = int(rng.integers(3)), block.gyr_dps.copy(), block.acc_mps2.copy()
    gyr[:, axis] *= -1.0
    acc[:, axis] *= -1.0
    return replace(block, gyr_dps=gyr, acc_mps2=acc)


def other_sign(block: SampleBlock, _: np.random.Generator) -> SampleBlock:
    return replace(block, acc_mps2=-block.acc_mps2)


# numbers and clocks


def counter(modulus: int) -> Change:
    def change(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
        start = int(rng.integers(modulus)) if modulus < 1000 else modulus - int(rng.integers(200, len(block)))
        return replace(block, sample=(block.sample + start) % modulus)

    return change


def counter_in_packets(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    return _without_clock(replace(block, sample=np.arange(len(block)) % int(rng.choice([4, 8, 10, 20]))))


def counter_of_packets(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    return _without_clock(replace(block, sample=np.arange(len(block)) // int(rng.choice([2, 4, 10]))))


def counter_of_packets_wraps(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    return _without_clock(replace(block, sample=block.sample // int(rng.choice([2, 4, 10])) % 256))


def counter_by_steps(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    return _without_clock(replace(block, sample=block.sample * int(rng.choice([2, 5, 10]))))


def counter_still(block: SampleBlock, _: np.random.Generator) -> SampleBlock:
    return _without_clock(replace(block, sample=np.zeros(len(block), np.int64)))


def counter_of_time(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    unit = float(rng.choice([1e3, 1e6]))
    return _without_clock(replace(block, sample=np.round(block.time_s * unit).astype(np.int64)))


def one_counter(recording: Recording, _: Sequence[SensorPlace], __: np.random.Generator) -> Recording:
    pelvis, ankle = recording.pelvis, recording.ankle
    assert pelvis is not None
    assert ankle is not None
    rank = np.argsort(np.argsort(np.concatenate([pelvis.time_s, ankle.time_s]), kind="stable"))
    first = replace(_without_clock(pelvis), sample=rank[: len(pelvis)])
    return replace(recording, pelvis=first, ankle=replace(_without_clock(ankle), sample=rank[len(pelvis) :]))


def clock_wraps(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    modulus = float(rng.choice([2**32 / 1e6, 2**16 / 1e3, 2**24 / 1e3]))
    clock = block.device_time_s - block.device_time_s[0]
    return replace(block, device_time_s=(clock + modulus - rng.uniform(0.3, 0.7) * clock[-1]) % modulus)


def time_unit(recording: Recording, _: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
    factor = float(rng.choice([1e3, 1e6, 1e9, 1 / 60, 1 / 86400]))
    for block in recording.blocks:
        recording = recording.with_samples(replace(block, time_s=block.time_s * factor))
    return recording


def time_scaled(recording: Recording, _: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
    """Times twice as fast or half as fast; the sensors' own clock and rate know better."""
    factor, with_clock = float(rng.choice([0.5, 2.0])), rng.random() < 0.5
    for block in recording.blocks:
        clocked = block if with_clock else _without_clock(block)
        recording = recording.with_samples(replace(clocked, time_s=block.time_s * factor))
    return recording


def reboot(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """Counter and clock restart after a silence."""
    where = _stretch(block, rng, 0.2, 3.0)
    keep = np.r_[0 : where.start, where.stop : len(block)]
    after = np.arange(len(keep)) >= where.start
    left = rows(block, keep)
    sample = left.sample - after * left.sample[where.start]
    clock = left.device_time_s - after * left.device_time_s[where.start]
    return replace(left, sample=sample, device_time_s=clock)


def clock_unit(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    return replace(block, device_time_s=block.device_time_s * float(rng.choice([1e3, 1e6, 1e9])))


def host_jump(recording: Recording, _: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
    by_s = float(rng.choice([3600.0, 30.0, 7.3]))  # set back it would be refused while the file is read
    at_s = float(recording.blocks[0].time_s[_row(recording.blocks[0], rng)])
    for block in recording.blocks:
        recording = recording.with_samples(replace(block, time_s=block.time_s + by_s * (block.time_s > at_s)))
    return recording


# which sensor is which, and how they are worn


def same_data(recording: Recording, _: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
    place: SensorPlace = "pelvis" if rng.random() < 0.5 else "ankle"
    other: SensorPlace = "ankle" if place == "pelvis" else "pelvis"
    block = recording.samples(place)
    assert block is not None
    return recording.with_samples(replace(block, sensor=other))


def one_limb(recording: Recording, _: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
    """Both sensors on one limb: what one sends comes from the other place too, turned, with its own noise."""
    place: SensorPlace = "pelvis" if rng.random() < 0.5 else "ankle"
    other: SensorPlace = "ankle" if place == "pelvis" else "pelvis"
    block, rotation = recording.samples(place), Rotation.from_quat(rng.normal(size=4))
    assert block is not None
    acc_mps2 = rotation.apply(block.acc_mps2) + rng.normal(0.0, 0.05, block.acc_mps2.shape)
    gyr_dps = rotation.apply(block.gyr_dps) + rng.normal(0.0, 0.2, block.gyr_dps.shape)
    return recording.with_samples(replace(block, sensor=other, acc_mps2=acc_mps2, gyr_dps=gyr_dps))


def one_name(recording: Recording, _: Sequence[SensorPlace], rng: np.random.Generator) -> Recording:
    pelvis, ankle = recording.pelvis, recording.ankle
    assert pelvis is not None
    assert ankle is not None
    name: SensorPlace = "pelvis" if rng.random() < 0.5 else "ankle"
    both = [replace(block, sensor=name) for block in (pelvis, ankle)]
    order = np.argsort(np.concatenate([block.time_s for block in both]), kind="stable")
    joined = rows(concatenate(both), order)
    return replace(recording, pelvis=None, ankle=None).with_samples(joined)


def one_name_numbered_by_the_host(
    recording: Recording, places: Sequence[SensorPlace], rng: np.random.Generator
) -> Recording:
    joined = one_name(recording, places, rng)
    block = joined.blocks[0]
    header = joined.header.with_sensor(
        block.sensor, replace(joined.header.sensor(block.sensor), counter="host")
    )
    block = replace(_without_clock(block), sample=np.arange(len(block)))
    return replace(joined, header=header).with_samples(block)


def turned(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A sensor that turns by 25 to 60° at some time, and stays so."""
    row, axis = _row(block, rng), rng.normal(size=3)
    turn = Rotation.from_rotvec(np.radians(rng.uniform(25.0, 60.0)) * axis / np.linalg.norm(axis))
    acc, gyr = block.acc_mps2.copy(), block.gyr_dps.copy()
    acc[row:], gyr[row:] = turn.apply(acc[row:]), turn.apply(gyr[row:])
    return replace(block, acc_mps2=acc, gyr_dps=gyr)


def turns_again(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    return turned(turned(block, rng), rng)


def about_gravity(block: SampleBlock, rng: np.random.Generator) -> SampleBlock:
    """A sensor strapped on with a turn of 20 to 70° about the vertical of its first rest."""
    up = block.acc_mps2[:50].mean(axis=0)
    by = np.radians(rng.uniform(20.0, 70.0)) * rng.choice([-1.0, 1.0])
    turn = Rotation.from_rotvec(by * up / np.linalg.norm(up))
    return replace(block, acc_mps2=turn.apply(block.acc_mps2), gyr_dps=turn.apply(block.gyr_dps))


_LEFT_OUT = "no reading|left out|died|froze"

KINDS: dict[str, Kind] = {
    "rows of zeros": Kind(_LEFT_OUT, _of_sensor(rows_of_one_value(0.0))),
    "rows of -1": Kind(_LEFT_OUT, _of_sensor(rows_of_one_value(-1.0))),
    "rows at the rails": Kind(_LEFT_OUT, _of_sensor(rails)),
    "single spikes": Kind("spike", _of_sensor(spikes)),
    "small spikes of the gyroscope": Kind("spike", _of_sensor(small_gyro_spikes)),
    "bursts of noise": Kind("noise", _of_sensor(noise_for_a_while(6.0))),
    "bursts of noise in the gyroscope": Kind("noise", _of_sensor(noise_for_a_while(0.0))),
    "garbage at the ends and at holes": Kind("spike|silent", _of_sensor(garbage_at_edges)),
    "an accelerometer at its rail now and then": Kind(_LEFT_OUT, _of_sensor(force_at_its_rail)),
    "an axis at its rail now and then": Kind(_LEFT_OUT, _of_sensor(axis_at_its_rail)),
    "a sensor that hangs": Kind("froze", _of_sensor(freeze)),
    "an axis that hangs": Kind("froze", _of_sensor(freeze_of_an_axis)),
    "a hole filled by straight lines": Kind("straight lines", _of_sensor(hole_filled(slice(0, 6)))),
    "a gyroscope's hole filled by straight lines": Kind(
        "straight lines", _of_sensor(hole_filled(slice(3, 6)))
    ),
    "a column dragged down": Kind("straight lines", _of_sensor(column_dragged_down)),
    "rows filled in with one reading": Kind("was missing", _of_sensor(rows_put_in)),
    "cells filled in with the mean": Kind("was missing", _of_sensor(cells_put_in)),
    "a gyroscope with a dead band": Kind("dead band", _of_sensor(dead_band)),
    "a gyroscope that reads nothing for a moment": Kind(_LEFT_OUT, _of_sensor(no_rate_for_a_moment)),
    "a sensor that dies": Kind("died", _of_sensor(death)),
    "packets that come again": Kind("twice|repeat", _host(_of_sensor(packets_again))),
    "packets that come twice with their numbers": Kind("twice|repeat", _of_sensor(every_packet_twice)),
    "a stretch that is pasted again": Kind("repeat those|twice", _host(_of_sensor(stretch_again))),
    "a file joined to itself": Kind("repeat those", _of_sensor(file_again)),
    "a rate that falls": Kind("rate|samples a second", _of_sensor(slower_from_some_time_on)),
    "an uncounted rate that falls": Kind("rate|samples a second", _host(_of_sensor(slower_uncounted))),
    "a range that wraps round": Kind("wrap|range", _of_sensor(wrap_round)),
    "a range that cuts off": Kind("cut off|range", _of_sensor(cut_off)),
    "gyroscope 10 to 40 % off": Kind("gyroscope", _of_sensor(scale("gyr_dps", 1.1, 1.4))),
    "a gyroscope in another unit": Kind("unit", _of_sensor(gyro_unit)),
    "a constant axis": Kind("stays at|left out", _of_sensor(constant_axis)),
    "a gyroscope that zeroes itself": Kind("gyroscope", _of_sensor(zeroes_itself)),
    "a gyroscope without slow rates": Kind("gyroscope", _of_sensor(slow_rates_filtered)),
    "a sensor that nobody wears": Kind(
        "been worn|never saw you lying|axes are unknown|swapped", _of_sensor(not_worn)
    ),
    "swapped columns of the accelerometer": Kind("swapped|axes|head", _of_sensor(force_columns_swapped)),
    "accelerometer and gyroscope exchanged": Kind("exchanged", _of_sensor(force_for_rate)),
    "accelerometer 6 to 14 % off": Kind("acceleration", _of_sensor(scale("acc_mps2", 1.06, 1.14))),
    "a gyroscope that changes its scale": Kind("gyroscope", _of_sensor(gyro_scale_changes)),
    "a gyroscope that changes its axes": Kind("gyroscope|axis", _of_sensor(gyro_axes_change)),
    "a gyroscope that is late": Kind("gyroscope", _of_sensor(late_gyro)),
    "a gyroscope that becomes late": Kind("gyroscope", _of_sensor(late_from_some_time_on)),
    "a gyroscope of another scale for a while": Kind("gyroscope", _of_sensor(scaled_for_a_while)),
    "a gyroscope that is smoothed": Kind("gyroscope", _of_sensor(smooth_gyro)),
    "an accelerometer that changes its scale": Kind("accele|9.8", _of_sensor(force_scale_changes)),
    "a slow recording that was filled up": Kind("straight lines", _of_sensor(interpolated)),
    "a recording that was smoothed": Kind("smoother", _real(_of_sensor(filtered))),
    "a dead axis": Kind("gyroscope|axis", _of_sensor(gyro_axis(0.0))),
    "an inverted axis": Kind("gyroscope|axis", _of_sensor(gyro_axis(-1.0))),
    "an axis without signs": Kind("gyroscope|signs", _of_sensor(gyro_without_signs)),
    "left-handed axes": Kind("gyroscope|axes", _of_sensor(left_handed)),
    "gravity of the other sign": Kind("sign|multiply", _of_sensor(other_sign)),
    "a counter of 8 bits": Kind("wrap|counter", _of_sensor(counter(256))),
    "a counter of 16 bits": Kind("wrap|counter", _of_sensor(counter(65536))),
    "a counter of 32 bits": Kind("wrap|counter", _of_sensor(counter(2**32))),
    "a counter within packets": Kind("counter", _of_sensor(counter_in_packets)),
    "a counter of packets": Kind("counter", _of_sensor(counter_of_packets)),
    "a counter that stands": Kind("counter", _of_sensor(counter_still)),
    "times for numbers": Kind("numbers are times|counter", _of_sensor(counter_of_time)),
    "one counter over both": Kind("counter", one_counter),
    "a clock that wraps": Kind("clock", _of_sensor(clock_wraps)),
    "time in another unit": Kind("seconds", time_unit),
    "times of another scale": Kind("time_s|samples a second", time_scaled),
    "a clock that changes its speed": Kind("clock", _of_sensor(clock_changes_speed)),
    "a clock in another unit": Kind("seconds", _of_sensor(clock_unit)),
    "the computer's clock is set": Kind("clock", host_jump),
    "one stream under both names": Kind("same data", same_data),
    "both sensors on one limb": Kind("as one", one_limb),
    "both streams under one name": Kind("two (different )?streams|one name", one_name),
    "a sensor that turns": Kind("turned|shifted|moved", _of_sensor(turned)),
    "a sensor that turns twice": Kind("turned|shifted|moved", _of_sensor(turns_again)),
    "turned about gravity": Kind("turned|not judged|axis", _of_sensor(about_gravity)),
    "readings that are repeated": Kind("repeat|froze|rate", _of_sensor(readings_again)),
    "hiccups": Kind("froze|repeat", _of_sensor(hiccups)),
    "an accelerometer that dies": Kind(_LEFT_OUT, _of_sensor(half_dead(0))),
    "a gyroscope that dies": Kind(_LEFT_OUT + "|gyroscope", _of_sensor(half_dead(3))),
    "a rate that rises": Kind("rate|samples a second", _host(_of_sensor(faster_from_some_time_on))),
    "rounded values": Kind("rounded", _of_sensor(rounded)),
    "an accelerometer cut off": Kind("cut off|range", _of_sensor(acc_cut_off)),
    "a bias that wanders": Kind("bias|warm", _of_sensor(warming)),
    "swapped columns": Kind("gyroscope|axes", _of_sensor(columns_swapped)),
    "zeros in one channel": Kind(_LEFT_OUT, _of_sensor(zeros_of_one_channel)),
    "wires that float": Kind("died|no reading", _of_sensor(floats)),
    "a rate that falls for a while": Kind("rate|samples a second", _host(_of_sensor(slower_for_a_while))),
    "packet numbers that wrap": Kind("counter", _of_sensor(counter_of_packets_wraps)),
    "a counter that goes by steps": Kind("counter", _of_sensor(counter_by_steps)),
    "both streams under one name, numbered by the host": Kind(
        "two (different )?streams|one name", one_name_numbered_by_the_host
    ),
    "a sensor that starts anew": Kind("anew|restart|silent|away", _of_sensor(reboot)),
}
