"""Delta coding of Polar frames, as the sensor does it: with whole numbers, sample by sample."""

from __future__ import annotations

from itertools import pairwise

from imu_reps.domain.samples import IntArray

HEADER_BYTES = 10
#: Differences in a block, and samples in a frame, at most.
BLOCK_SAMPLES = 8
MOST_SAMPLES = 1 + 18 * BLOCK_SAMPLES

Sample = list[int]


def encode_header(measurement: int, time_ns: int, kind: int) -> bytes:
    """Measurement type, time of the last sample, and frame type with the bit for compression."""
    return bytes([measurement]) + time_ns.to_bytes(8, "little") + bytes([kind])


def encode_fitting(counts: IntArray, width: int, longest: int) -> tuple[bytes, int, int] | None:
    """Fill one frame with as many samples as fit.

    Parameters
    ----------
    counts : (n, 3) int
        Samples waiting, as integers.
    width : int
        Bytes per axis of the reference sample.
    longest : int
        Bytes of a frame with its header.

    Returns
    -------
    tuple or None
        Content, number of samples in it, and number of samples that had to be known to see that no more
        fit; None while more may fit.
    """
    samples: list[Sample] = counts.tolist()
    if not samples:
        return None
    content = encode_reference(samples[0], width)
    used = 1
    while used + BLOCK_SAMPLES <= len(samples):
        block = encode_block(_differences(samples[used - 1 : used + BLOCK_SAMPLES], width))
        if used >= MOST_SAMPLES or HEADER_BYTES + len(content) + len(block) > longest:
            return content, used, used + BLOCK_SAMPLES
        content += block
        used += BLOCK_SAMPLES
    return None


def encode_content(samples: list[Sample], width: int, blocks: list[tuple[int, int]]) -> bytes:
    """Reference sample and blocks of given bits and counts."""
    content = encode_reference(samples[0], width)
    at = 0
    for bits, count in blocks:
        content += encode_block(_differences(samples[at : at + count + 1], width), bits)
        at += count
    return content


def encode_reference(sample: Sample, width: int) -> bytes:
    """The first sample, in full."""
    return b"".join(axis.to_bytes(width, "little", signed=True) for axis in sample)


def encode_block(differences: list[Sample], bits: int | None = None) -> bytes:
    """Bits per difference, number of samples, and the differences, least significant bit first."""
    numbers = [number for sample in differences for number in sample]
    if bits is None:
        bits = max(map(bits_needed, numbers))
    packed = sum((number & ((1 << bits) - 1)) << (bits * i) for i, number in enumerate(numbers))
    return bytes([bits, len(differences)]) + packed.to_bytes((bits * len(numbers) + 7) // 8, "little")


def bits_needed(number: int) -> int:
    """Bits of a number in two's complement."""
    return (number if number >= 0 else ~number).bit_length() + 1


def _differences(samples: list[Sample], width: int) -> list[Sample]:
    """From each sample to the next; 32-bit ones wrap."""
    return [[_wrapped(new - old, width) for old, new in zip(a, b, strict=True)] for a, b in pairwise(samples)]


def _wrapped(number: int, width: int) -> int:
    return (number + 2**31) % 2**32 - 2**31 if width == 4 else number
