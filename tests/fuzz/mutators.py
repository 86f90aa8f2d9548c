"""Random mutations of bytes, cells and rows, of packets and of samples."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar, get_args

import numpy as np
from parts import Rng

from imu_reps import Header, Note, Recording, SampleBlock
from imu_reps.domain.exercise import EXERCISES, Posture, Start
from imu_reps.domain.recording import Axis, SensorHeader

T = TypeVar("T")

#: Replacements of a cell, a value or a text.
CELLS = (
    *(b"", b" ", b"0", b"-0", b"1", b"nan", b"NaN", b"inf", b"-inf", b"1e999", b"-1e308", b"1e-320", b"1e18"),
    *(
        b"9" * 400,
        b"9" * 5000,
        b"-" + b"9" * 19,
        b"9223372036854775808",
        b"0x10",
        b"1_0",
        b"1,5",
        b"1.2.3",
        b"+",
    ),
    *(
        b"true",
        b"None",
        b"NA",
        b"#",
        b'"',
        b'""',
        b"'",
        b"=1+1",
        b"\x00",
        b"\x1b[2J",
        b"\x7f",
        b"\r",
        b"\n",
        b"\t",
    ),
    *(
        "½°".encode(),
        "١٢".encode(),
        "٣".encode(),
        "\u202e".encode(),
        "\U0001f9b5".encode(),
        b"\xff\xfe",
        b"\xc3(",
    ),
    *(
        b"pelvis",
        b"ankle",
        b"left",
        b"# @1 pain: " + b"9" * 5000,
        b"2026-02-30T25:61:61",
        b"10000-01-01T00:00:00",
    ),
    *(
        b"9999-12-31T23:59:59-24:00",
        b"12:34:56",
        b"2-0-2-0-9",
        b"[[[[",
        b"{}",
        b"{" * 60,
        b"null",
        b"x" * 70_000,
    ),
)
VALUES = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-320,
    1e9,
    -1e9,
    1e18,
    1e154,
    1e300,
    -1.7e308,
    np.nan,
    np.inf,
    -np.inf,
    156.9,
    2000.0,
)
NUMBERS = (0, 1, -1, 255, 256, 65_535, 2**31, 2**32, 2**53, 2**62, 2**63 - 1, -(2**63))
_LINE_ENDS = (b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b", b"\x0c", "\u2028".encode(), "\x85".encode(), b"")
_CUTS = re.compile(rb'([,;\t\n:\[\]{}"])')


def any_of(rng: Rng, choices: Sequence[T]) -> T:
    """Return a random choice; takes a tenth of the time of `Generator.choice`."""
    return choices[int(rng.integers(len(choices)))]


def _span(content: bytes, rng: Rng) -> tuple[int, int]:
    """Return begin and end of a random piece, mostly a short one."""
    at = int(rng.integers(len(content) + 1))
    return at, at + any_of(rng, (1, 2, 8, 64, 1024))


def flipped(content: bytes, rng: Rng) -> bytes:
    """Return the content with one to four random bits flipped."""
    changed = bytearray(content)
    for at in rng.integers(len(content), size=int(rng.integers(1, 5))) if content else ():
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def overwritten(content: bytes, rng: Rng) -> bytes:
    """Return the content with a piece overwritten by random bytes, or by one repeated extreme byte."""
    at, end = _span(content, rng)
    length = min(end, len(content)) - at
    new = (
        rng.bytes(length)
        if rng.random() < 0.5
        else any_of(rng, (b"\x00", b"\xff", b"\x7f", b"\x80", b"9")) * length
    )
    return content[:at] + new + content[at + length :]


def left_out(content: bytes, rng: Rng) -> bytes:
    """Return the content without a random piece."""
    at, end = _span(content, rng)
    return content[:at] + content[end:]


def repeated(content: bytes, rng: Rng) -> bytes:
    """Return the content with a random piece repeated."""
    at, end = _span(content, rng)
    return content[:end] + content[at:]


def inserted(content: bytes, rng: Rng) -> bytes:
    """Return the content with something inserted that does not belong there."""
    at = int(rng.integers(len(content) + 1))
    return content[:at] + any_of(rng, CELLS) + content[at:]


def truncated(content: bytes, rng: Rng) -> bytes:
    """Return only the beginning, or only the end."""
    at = int(rng.integers(len(content) + 1))
    return content[:at] if rng.random() < 0.8 else content[at:]


def cell_replaced(content: bytes, rng: Rng) -> bytes:
    """Return the content with one to three cells, or tokens, replaced."""
    pieces = _CUTS.split(content)
    for _ in range(int(rng.integers(1, 4))):
        pieces[int(rng.integers(len(pieces)))] = any_of(rng, CELLS)
    return b"".join(pieces)


def cell_scaled(content: bytes, rng: Rng) -> bytes:
    """Return the content with a number that lost its point, gained a sign or got another exponent."""
    pieces = _CUTS.split(content)
    numbers = [k for k, piece in enumerate(pieces) if piece.strip()[-1:].isdigit()]
    if not numbers:
        return content
    at = numbers[int(rng.integers(len(numbers)))]
    word = pieces[at]
    pieces[at] = any_of(
        rng, (word.replace(b".", b""), b"-" + word, word + b"e" + str(rng.integers(-400, 400)).encode())
    )
    return b"".join(pieces)


def column_changed(content: bytes, rng: Rng) -> bytes:
    """Return the content with one column overwritten, repeated, removed or swapped in all rows."""
    lines = content.split(b"\n")
    separator = max((b",", b";", b"\t"), key=content.count)
    width = max(line.count(separator) for line in lines) + 1
    at, to, what, new = (
        int(rng.integers(width)),
        int(rng.integers(width)),
        int(rng.integers(4)),
        any_of(rng, CELLS),
    )
    for number, line in enumerate(lines):
        cells = line.split(separator)
        if len(cells) != width:
            continue
        if what == 0:
            cells[at] = new
        elif what == 1:
            cells.insert(to, cells[at])
        elif what == 2:
            del cells[at]
        else:
            cells[at], cells[to] = cells[to], cells[at]
        lines[number] = separator.join(cells)
    return b"\n".join(lines)


def rows_changed(content: bytes, rng: Rng) -> bytes:
    """Return the content with some lines removed, repeated, shuffled, reversed or moved."""
    lines = content.split(b"\n")
    at = int(rng.integers(len(lines)))
    end = at + any_of(rng, (1, 1, 3, 30))
    part = lines[at:end]
    match int(rng.integers(5)):
        case 0:
            part = []
        case 1:
            part = part * 2
        case 2:
            part = [part[k] for k in rng.permutation(len(part))]
        case 3:
            part = part[::-1]
        case _:
            to = int(rng.integers(len(lines)))
            lines[to:to] = part
            part = []
    return b"\n".join([*lines[:at], *part, *lines[end:]])


def line_ends_changed(content: bytes, rng: Rng) -> bytes:
    """Return the content with different line ends, in all lines or in some."""
    end = any_of(rng, _LINE_ENDS)
    if rng.random() < 0.5:
        return content.replace(b"\n", end)
    return content.replace(b"\n", end, int(rng.integers(1, 20)))


def rewritten(content: bytes, rng: Rng) -> bytes:
    """Return the content as another program writes it: other separators, quotes, decimal commas, encoding."""
    match int(rng.integers(7)):
        case 0:
            return content.replace(b",", any_of(rng, (b";", b"\t", b"|", b" ", b", ")))
        case 1:
            return content.replace(b",", b";").replace(b".", b",")
        case 2:
            return b'"' + content.replace(b",", b'","').replace(b"\n", b'"\n"')
        case 3:
            return b"\xef\xbb\xbf" + content
        case 4:
            return content.decode("latin-1").encode(("utf-16", "utf-16-be", "utf-32")[int(rng.integers(3))])
        case 5:
            return content.swapcase()
        case _:
            return content.replace(b"\n", b",,,,,,\n")


def packed(content: bytes, rng: Rng) -> bytes:
    """Return the content compressed by gzip, in most cases damaged."""
    damage = (flipped, truncated, repeated, overwritten)[int(rng.integers(4))]
    whole = gzip.compress(content, compresslevel=1, mtime=0)
    return damage(whole, rng) if rng.random() < 0.8 else whole


OF_BYTES = (flipped, overwritten, left_out, repeated, inserted, truncated)
OF_TEXT = (*OF_BYTES, *(cell_replaced,) * 6, *(cell_scaled,) * 2, column_changed, rows_changed, rows_changed)
OF_FILES = (*OF_TEXT, line_ends_changed, rewritten, packed)


def mutated(
    content: bytes, mutations: Sequence[Callable[[bytes, Rng], bytes]], others: Sequence[bytes], rng: Rng
) -> bytes:
    """Return an input mutated in one to three ways; occasionally the end of another one is appended."""
    for _ in range(any_of(rng, (1, 1, 2, 3))):
        content = any_of(rng, mutations)(content, rng)
    if rng.random() < 0.05:
        other = any_of(rng, others)
        content = content[: int(rng.integers(len(content) + 1))] + other[int(rng.integers(len(other) + 1)) :]
    return content


def mutated_packets(
    packets: Sequence[tuple[str, bytes]], names: Sequence[str], rng: Rng
) -> list[tuple[str, bytes]]:
    """Return a run of packets, some of them mutated, lost, repeated, late, or from another characteristic."""
    sent = list(packets)
    for _ in range(int(rng.integers(1, 5))):
        if not sent:
            break
        at = int(rng.integers(len(sent)))
        name, data = sent[at]
        match int(rng.integers(8)):
            case 0:
                del sent[at]
            case 1:
                sent.insert(int(rng.integers(len(sent) + 1)), sent[at])
            case 2:
                to = int(rng.integers(len(sent)))
                sent[at], sent[to] = sent[to], sent[at]
            case 3:
                sent[at] = (any_of(rng, names), data)
            case _:
                sent[at] = (name, mutated(data, OF_BYTES, [packet for _, packet in packets], rng))
    return sent


def _values(values: np.ndarray, rng: Rng) -> np.ndarray:
    """Return readings that no sensor sends, in single rows, in a span, or on one axis."""
    values = values.copy()
    count = len(values)
    at = int(rng.integers(count))
    rows = (
        slice(at, at + int(rng.choice((1, 10, 300)))),
        rng.random(count) < rng.choice((1.0 / count, 0.02, 0.5)),
        slice(None),
    )[int(rng.integers(3))]
    axes = slice(None) if rng.random() < 0.5 else int(rng.integers(3))
    match int(rng.integers(6)):
        case 0:
            values[rows, axes] = rng.choice(VALUES)
        case 1:
            with np.errstate(all="ignore"):
                values[rows, axes] *= 10.0 ** float(rng.integers(-12, 12))
        case 2:
            values[rows, axes] *= -1.0
        case 3:
            values[rows, axes] = values[at, axes]
        case 4:
            values[rows, axes] = np.clip(values[rows, axes], -2.0, 2.0)
        case _:
            values = values[:, rng.permutation(3)]
    return values


def _times(time_s: np.ndarray, longest: float, rng: Rng) -> np.ndarray:
    """Return times that stand still, jump, go back, or are scaled to at most `longest` times their length."""
    at = int(rng.integers(len(time_s)))
    time_s = time_s.copy()
    match int(rng.integers(6)):
        case 0:
            time_s *= min(10.0 ** int(rng.integers(-9, 10)), longest)
        case 1:
            time_s[at:] += float(rng.choice((-1.0, 1.0))) * 10.0 ** float(rng.uniform(-3, 9))
        case 2:
            time_s[at : at + int(rng.choice((1, 300)))] = rng.choice(VALUES)
        case 3:
            time_s[at:] = time_s[at]
        case 4:
            time_s = time_s[::-1].copy()
        case _:
            time_s = np.maximum.accumulate(time_s + rng.normal(0.0, 0.5, len(time_s)))
    return time_s


def _numbering(sample: np.ndarray, rng: Rng) -> np.ndarray:
    """Return sample numbers that wrap, restart, stand still or jump."""
    sample, at = sample.copy(), int(rng.integers(len(sample)))
    match int(rng.integers(5)):
        case 0:
            sample %= int(rng.choice((2, 8, 256, 65_536)))
        case 1:
            sample[at:] = int(rng.choice(NUMBERS))
        case 2:
            sample[at] = int(rng.choice(NUMBERS))
        case 3:
            sample[at:] = np.arange(len(sample) - at)
        case _:
            sample = sample[rng.permutation(len(sample))]
    return sample


def _rows(block: SampleBlock, rng: Rng) -> SampleBlock:
    """Return the block with rows lost, repeated, shuffled, or hardly any left."""
    count = len(block)
    at, end = sorted(int(edge) for edge in rng.integers(count + 1, size=2))
    all_rows = np.arange(count)
    match int(rng.integers(6)):
        case 0:
            rows = np.delete(all_rows, slice(at, end))
        case 1:
            rows = np.concatenate([all_rows[:end], all_rows[at:]])
        case 2:
            rows = all_rows[rng.random(count) < rng.choice((0.02, 0.5, 0.97))]
        case 3:
            rows = all_rows[: int(rng.integers(4))]
        case 4:
            rows = np.concatenate([all_rows[:at], rng.permutation(all_rows[at:end]), all_rows[end:]])
        case _:
            rows = all_rows[:: int(rng.choice((2, 3, 50)))]
    return block[rows]


def _mutated_block(block: SampleBlock, longest: float, rng: Rng) -> SampleBlock:
    if not len(block):
        return block
    match int(rng.integers(9)):
        case 0 | 1:
            return replace(block, acc_mps2=_values(block.acc_mps2, rng))
        case 2 | 3:
            return replace(block, gyr_dps=_values(block.gyr_dps, rng))
        case 4:
            return replace(block, time_s=_times(block.time_s, longest, rng))
        case 5:
            return replace(block, device_time_s=_times(block.device_time_s, 1e9, rng))
        case 6:
            return replace(block, sample=_numbering(block.sample, rng))
        case 7:
            kind = (np.float16, np.float32, np.longdouble)[int(rng.integers(3))]
            with np.errstate(all="ignore"):
                return replace(block, acc_mps2=block.acc_mps2.astype(kind), sample=block.sample.astype(float))
        case _:
            return _rows(block, rng)


def _mutated_header(header: Header, rng: Rng) -> Header:
    """Return a header with another exercise, other axes or other goals than those of the recording."""
    axes = get_args(Axis)
    number = any_of(rng, (1e-300, 0.5, 30.0, 179.0, 1e6, 1e300))
    changes: tuple[dict[str, Any], ...] = (
        {"exercise": any_of(rng, EXERCISES)},
        {"posture": any_of(rng, get_args(Posture)), "start": any_of(rng, get_args(Start))},
        {"side": any_of(rng, ("left", "right", "both", None))},
        {"range_target_deg": number, "floor_deg": float(any_of(rng, (-number, number)))},
        {"practice_reps": any_of(rng, (0, 1, 2, 999_999_999))},
        {"pelvis": SensorHeader(alignment="functional", cranial_axis=None, anterior_axis=None)},
        {"pelvis": SensorHeader(cranial_axis=any_of(rng, axes[:2]), anterior_axis=any_of(rng, axes[2:]))},
        {"ankle": SensorHeader(counter="host", rate_hz=number, cranial_axis=any_of(rng, (*axes, None)))},
        {"extra": MappingProxyType({"person": any_of(rng, CELLS).decode(errors="replace")})},
    )
    return replace(header, **any_of(rng, changes))


def _mutated_notes(notes: Sequence[str], rng: Rng) -> tuple[Note, ...]:
    """Return notes of events as a file may contain them."""
    mutated_notes = []
    for _ in range(int(rng.integers(1, 5))):
        key, _, value = notes[int(rng.integers(len(notes)))].lstrip("# @").partition(":")
        time, _, name = key.partition(" ")
        value = any_of(rng, CELLS).decode(errors="replace") if rng.random() < 0.3 else value.strip()
        mutated_notes.append(
            Note(float(rng.choice((float(time), -1e9, 1e9, 0.0, 5.0))), name.strip() or "x", value)
        )
    return tuple(mutated_notes)


def mutated_recording(recording: Recording, notes: Sequence[str], longest: float, rng: Rng) -> Recording:
    """Return a set with samples, header or notes mutated in one to four ways, or without one sensor.

    Its times are scaled to at most `longest` times their length.
    """
    for _ in range(int(rng.integers(1, 5))):
        draw = rng.random()
        if draw < 0.1:
            recording = replace(recording, header=_mutated_header(recording.header, rng))
        elif draw < 0.18:
            recording = replace(recording, notes=_mutated_notes(notes, rng))
        elif draw < 0.22:
            recording = replace(recording, **{("pelvis", "ankle")[int(rng.integers(2))]: None})
        elif draw < 0.25 and recording.ankle is not None:
            recording = replace(recording, pelvis=replace(recording.ankle, sensor="pelvis"))
        elif recording.blocks:
            block = recording.blocks[int(rng.integers(len(recording.blocks)))]
            recording = recording.with_samples(_mutated_block(block, longest, rng))
    return recording
