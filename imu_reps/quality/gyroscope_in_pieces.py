"""A gyroscope that is wrong in a part of a recording only, or late, by the force it leaves unexplained.

In every piece of ten seconds the force is explained by the rate as it is, and by the rate in another scale,
with an axis of the other sign, with axes swapped, or at another time. Where one such change explains far
more, and the unchanged rate explains far more elsewhere, the gyroscope changed; if another time explains far
more throughout, it is late.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import BoolArray, FloatArray, SensorPlace
from imu_reps.kinematics.robust import median
from imu_reps.quality.gyroscope_in_motion import (
    TurningFit,
    TurningPieces,
    other_columns,
    turned_deg,
    unexplained_each,
    unexplained_in_windows,
    unexplained_unturned,
)
from imu_reps.quality.windows import Windows


@dataclass(frozen=True, slots=True)
class PieceParams:
    """Parameters of a gyroscope that changes in the middle of a recording, or is late.

    Attributes
    ----------
    own_off, own_share : float
        Difference of a piece's own factor from the common one, and share of the remaining force that it
        leaves, from which a change is looked for (ours: 5 of 240 sensors in clean sets).
    turned_share : float
        Share of a piece's changes of force that its turns leave unexplained, from which one is looked for.
    odd_share, odd_times : float
        The same, if it is also this many times that of the median piece: of a fast limb the turns explain
        much of the force even at twice their rate (ours: 116 of 200 sensors in clean sets have such a
        piece, nearly all of them before the set begins, 114 one of four times that share).
    timed_share : float
        The share in half of the pieces, from which the rate is tried at other times (ours: 12 % of sensors
        in clean sets have more).
    lates_s : tuple
        Delays of the rate that are tried.
    finest, steps : float or int
        Ratio of neighbouring scales that are tried, and their number to either side; the scales next to 1 are
        left out.
    wrong_share, wrong_share_alone : float
        Greatest share of the remaining force that the change leaves, over two pieces or more, and in a single
        one (ours: none of 1,800 sensors in clean sets of three simulators and real ones comes near 0.4).
    wrong_mps2 : float
        Smallest unexplained force of a piece, RMS, that a change must explain: many explain what noise leaves
        where a leg hardly moves (ours).
    right_share : float
        Greatest share of the force left by the changed rate, and by no turn at all, that the unchanged rate
        leaves where it is right. On a swinging body the force is as constant as if nothing turned.
    parts : int
        Number of parts of a piece, 2.5 s each, that show when it changed.
    turned_far_deg : float
        Smallest turn of a piece whose force shows whether the turns explain it.
    explained_share : float
        Greatest share of a piece's force that turns leave if they explain it well (ours: 98 of 100 pieces of
        repetitions leave less).
    """

    own_off: float = 0.12
    own_share: float = 0.6
    turned_share: float = 0.3
    odd_share: float = 0.05
    odd_times: float = 10.0
    timed_share: float = 0.05
    lates_s: tuple[float, ...] = (-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0)
    finest: float = 1.25
    steps: int = 7
    wrong_share: float = 0.25
    wrong_share_alone: float = 0.15
    wrong_mps2: float = 0.3
    right_share: float = 0.33
    parts: int = 4
    turned_far_deg: float = 15.0
    explained_share: float = 0.1


PARAMS = PieceParams()


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Pieces that a change of the rate explains far better than the rate itself.

    Attributes
    ----------
    how : int
        The change.
    first, end : int
        The first such piece, and the one after the last.
    right : (k,) bool
        Pieces in which the unchanged rate is right.
    gained : float
        Sum of squares of the force that the change explains, (m/s²)².
    """

    how: int
    first: int
    end: int
    right: BoolArray
    gained: float


@dataclass(frozen=True, slots=True)
class TurnedForce:
    """How the turns of a sensor explain its force, window by window, in pieces in which it turns far.

    Attributes
    ----------
    time_s : (n,) float
        Middles of the windows.
    changes, left : (n,) float
        Square of the force about its mean, and of what the turns leave unexplained, (m/s²)²; the latter is 0
        in pieces that are explained well.
    """

    time_s: FloatArray
    changes: FloatArray
    left: FloatArray


def turned_force(windows: Windows, fit: TurningFit | None) -> TurnedForce | None:
    """Return how turns explain the force; None if the sensor does not turn."""
    if fit is None:
        return None
    far = turned_deg(fit.pieces.rate_rad_s, windows.hop_s) > PARAMS.turned_far_deg
    pieces, unexplained = fit.pieces[far], fit.left[far]
    changes = _squared_changes(pieces)
    poor = unexplained > PARAMS.explained_share * np.minimum(changes.sum(axis=1), fit.unturned[far])
    left = np.zeros(changes.shape)
    if poor.any():
        left[poor] = unexplained_in_windows(pieces[poor])
    number = pieces.first[:, None] + np.arange(changes.shape[1]) + 1
    time_s = np.asarray(windows.start_s + windows.hop_s * number.ravel(), dtype=np.float64)
    return TurnedForce(time_s, changes.ravel(), left.ravel())


def check_pieces(place: SensorPlace, windows: Windows, fit: TurningFit | None) -> Iterator[Finding]:
    """Report a gyroscope that is late, or whose scale, signs or axes are other ones for some time."""
    if fit is None or len(fit.pieces) < 2:
        return
    unexplained = fit.left / np.maximum(_squared_changes(fit.pieces).sum(axis=1), 1e-9)
    if median(unexplained) > PARAMS.timed_share and (late_s := _late_s(fit)):
        yield Finding("gyro_late", values={"late_s": late_s}, severity="caution", sensor=place)
        return
    scaled = np.abs(fit.own_factor - fit.factor) > PARAMS.own_off
    scaled &= fit.own_left < PARAMS.own_share * fit.left
    # the common factor may be that of the pieces that are wrong
    suspicious = scaled.any() | (unexplained > PARAMS.turned_share)
    suspicious |= unexplained > max(PARAMS.odd_share, PARAMS.odd_times * median(unexplained))
    if suspicious.any():
        yield from _changed(place, windows, fit, suspicious)


def _squared_changes(pieces: TurningPieces) -> FloatArray:
    """Return the square of each window's force about its piece's mean, (k, n), (m/s²)²."""
    square = pieces.weight**2
    mean = (pieces.force_mps2 * square).sum(axis=-1) / square.sum(axis=-1)
    return np.asarray(square * ((pieces.force_mps2 - mean[..., None]) ** 2).sum(axis=0))


def _late_s(fit: TurningFit) -> float | None:
    """Return by how much the rate comes after the force; None if it comes with it, or that is not known."""
    pieces, unturned, left = fit.pieces, fit.unturned, unexplained_each(fit.pieces)
    least, late_s = math.inf, None
    for tried_s in PARAMS.lates_s:
        hops = round(tried_s / pieces.hop_s)
        tried = pieces.at_other_times(hops)
        seen = tried.total_weight / pieces.total_weight
        otherwise = unexplained_each(tried) / np.maximum(seen, 1e-9)
        wrong = otherwise < PARAMS.wrong_share * np.minimum(left, unturned)
        right = _is_right(left, unturned, otherwise)
        if wrong.sum() > max(1, len(pieces) // 2) and not right.any() and otherwise.sum() < least:
            least, late_s = float(otherwise.sum()), hops * pieces.hop_s
    return late_s


def _changed(
    place: SensorPlace, windows: Windows, fit: TurningFit, suspicious: BoolArray
) -> Iterator[Finding]:
    changes, pieces, unturned = _changes(), fit.pieces, fit.unturned
    matrices = np.stack([matrix for _, matrix in changes])
    left, otherwise = _explained(pieces[suspicious], matrices)
    if not (otherwise < PARAMS.wrong_share * np.minimum(left, unturned[suspicious])).any():
        return
    left, otherwise = _explained(pieces, matrices)
    slight = np.minimum(left, unturned) < PARAMS.wrong_mps2**2 * pieces.total_weight
    otherwise[:, slight] = np.inf
    wrong = _most_wrong(left, unturned, otherwise)
    if wrong is None:
        return
    start, end = _bounds(pieces, matrices[wrong.how], wrong, len(windows) + 1)  # to the last sample
    values, _ = changes[wrong.how]
    yield Finding(
        "gyro_changed",
        values=values,
        severity="caution",
        sensor=place,
        start_s=windows.start_s + windows.hop_s * start,
        end_s=windows.start_s + windows.hop_s * (end + 1),
    )


def _changes() -> list[tuple[dict[str, Any], FloatArray]]:
    """Return the changes that are tried: values of the finding, and the matrix that mends the rate."""
    powers = [k for k in range(-PARAMS.steps, PARAMS.steps + 1) if abs(k) > 1]
    changes: list[tuple[dict[str, Any], FloatArray]] = [
        ({"ratio": PARAMS.finest**-k}, PARAMS.finest**k * np.eye(3)) for k in powers
    ]
    changes += [({how: columns}, matrix) for (how, columns), matrix in other_columns().items()]
    return changes


def _explained(pieces: TurningPieces, matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the force left by the rate, (k,), and by each changed rate, (m, k)."""
    tried = np.concatenate([np.eye(3)[None], matrices])
    left = unexplained_each(pieces.turned_otherwise(tried)).reshape(len(tried), -1)
    return left[0], left[1:]


def _most_wrong(left: FloatArray, unturned: FloatArray, otherwise: FloatArray) -> _Wrong | None:
    """Return the pieces in a row that one change explains best while others are right; None if none are."""
    least, best = np.minimum(left, unturned), None
    for how, changed in enumerate(otherwise):
        right = _is_right(left, unturned, changed)
        if not right.any():
            continue
        edges = np.flatnonzero(changed < 0.5 * least).tolist()
        for first in edges:
            for end in (last + 1 for last in edges if last >= first):
                if right[first:end].any():
                    break
                before, after = least[first:end].sum(), changed[first:end].sum()
                alone = end - first == 1
                share = PARAMS.wrong_share_alone if alone else PARAMS.wrong_share
                if after < share * before and (best is None or before - after > best.gained):
                    best = _Wrong(how, first, end, right, before - after)
    return best


def _bounds(pieces: TurningPieces, matrix: FloatArray, wrong: _Wrong, windows: int) -> tuple[int, int]:
    """Return the first window of the wrong stretch, and the one after its last.

    It reaches from the last part before it in which the unchanged rate is right to the first one after it;
    or, if no part shows that, between the pieces that are right.
    """
    start, end = 0, windows
    before, after = np.flatnonzero(wrong.right[: wrong.first]), np.flatnonzero(wrong.right[wrong.end :])
    if len(before):
        last = int(before[-1])
        parts = _parts(pieces[last : wrong.first + 1])
        right = np.flatnonzero(_right(parts, matrix))
        shown = len(right) > 0
        start = int(parts.first[right[-1]]) + parts.weight.shape[1] if shown else int(pieces.first[last + 1])
    if len(after):
        first = wrong.end + int(after[0])
        parts = _parts(pieces[wrong.end - 1 : first + 1])
        right = np.flatnonzero(_right(parts, matrix))
        end = int(parts.first[right[0]] if len(right) else pieces.first[first])
    if end <= start:  # parts of a wrong piece seem right by chance
        last = int(pieces.first[wrong.end - 1])
        return int(pieces.first[wrong.first]), last + pieces.weight.shape[1]
    return start, end


def _right(parts: TurningPieces, matrix: FloatArray) -> BoolArray:
    """Return the parts in which the unchanged rate is right, and not the changed one."""
    left, otherwise = _explained(parts, matrix[None])
    return _is_right(left, unexplained_unturned(parts), otherwise[0])


def _is_right(left: FloatArray, unturned: FloatArray, otherwise: FloatArray) -> BoolArray:
    """Return where the rate leaves far less of the force, (k,), than no turn and than the changed rate do."""
    return np.asarray(left < PARAMS.right_share * np.minimum(otherwise, unturned))


def _parts(pieces: TurningPieces) -> TurningPieces:
    """Return the pieces cut into `parts` of equal length; what is left over at the end is left out."""
    count, length = PARAMS.parts, pieces.weight.shape[1] // PARAMS.parts
    force, rate, weight = (
        values[..., : count * length].reshape(*values.shape[:-2], -1, length)
        for values in (pieces.force_mps2, pieces.rate_rad_s, pieces.weight)
    )
    weight = weight.copy()
    weight[:, [0, -1]] = 0.0
    first = (pieces.first[:, None] + length * np.arange(count)).ravel()
    return TurningPieces(force, rate, weight, first, pieces.hop_s)
